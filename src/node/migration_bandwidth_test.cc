// SPDX-License-Identifier: Apache-2.0
// What migrations get of the wire, by how long the cluster's own messages take.
#include "node/migration_bandwidth.h"

#include <gtest/gtest.h>

namespace upbeat {
namespace {

using namespace std::chrono_literals;

/// A rule that has learned that a message takes a millisecond.
MigrationBandwidth rested(std::optional<std::uint64_t> configured) {
  MigrationBandwidth rule(configured);
  for (int i = 0; i < 100; ++i) rule.heard(1ms, {}, 0ns);
  return rule;
}

TEST(MigrationBandwidth, IsSharedOutEvenlyAndNeverBelowTheLeast) {
  const MigrationBandwidth rule(100);

  EXPECT_EQ(rule.each(1), 100U);
  EXPECT_EQ(rule.each(4), 25U);
  EXPECT_EQ(rule.each(50), least_mib_per_s);
  EXPECT_EQ(MigrationBandwidth(std::nullopt).each(3), std::nullopt);
}

TEST(MigrationBandwidth, IsHalvedWhenMessagesTakeMuchLongerThanUsualAndNotForLess) {
  auto rule = rested(100);
  const OutgoingTraffic traffic{2, 100};

  EXPECT_EQ(rule.heard(4ms, traffic, 1s), Change::none);
  EXPECT_EQ(rule.heard(30ms, traffic, 1s), Change::none);
  EXPECT_EQ(rule.heard(31ms, traffic, 1s), Change::less);

  EXPECT_EQ(rule.each(1), 50U);
  EXPECT_TRUE(rule.holds_back());
  EXPECT_EQ(rule.words(),
            "the migrations from here get 50 MiB/s of the wire: the cluster's own messages "
            "took 31 ms, where 1 ms is usual");
}

TEST(MigrationBandwidth, TakesForUsualWhatIsSeenWhileNothingMigrates) {
  auto rule = rested(100);
  for (int i = 0; i < 100; ++i) rule.heard(10ms, {}, 0ns);

  EXPECT_EQ(rule.heard(30ms, {2, 100}, 1s), Change::none);
  EXPECT_EQ(rule.heard(41ms, {2, 100}, 1s), Change::less);
}

TEST(MigrationBandwidth, DoesNotTakeASlowRingForUsual) {
  auto rule = rested(100);
  for (int i = 0; i < 1'000; ++i) rule.heard(900ms, {}, 0ns);

  EXPECT_EQ(rule.heard(201ms, {2, 100}, 1s), Change::less);
}

TEST(MigrationBandwidth, IsNotHalvedAgainBeforeThatCanHaveShown) {
  auto rule = rested(100);
  rule.heard(50ms, {1, 100}, 1s);

  EXPECT_EQ(rule.heard(50ms, {1, 100}, 1'900ms), Change::none);
  EXPECT_EQ(rule.heard(50ms, {1, 50}, 2s), Change::less);

  EXPECT_EQ(rule.each(1), 25U);
}

TEST(MigrationBandwidth, BeginsAtHalfOfWhatIsCopiedWhereNothingIsConfigured) {
  auto rule = rested(std::nullopt);

  EXPECT_EQ(rule.heard(50ms, {1, 0}, 1s), Change::none) << "nobody knows yet what is copied";
  EXPECT_EQ(rule.heard(50ms, {2, 300}, 1s), Change::less);

  EXPECT_EQ(rule.each(2), 75U);
}

TEST(MigrationBandwidth, IsHalfOfWhatIsCopiedWhereThatIsLessThanWhatIsAllowed) {
  auto rule = rested(1'000);

  rule.heard(50ms, {1, 100}, 1s);

  EXPECT_EQ(rule.each(1), 50U);
}

TEST(MigrationBandwidth, LeavesEachMigrationTheLeast) {
  auto rule = rested(100);
  for (int second = 1; second < 20; ++second)
    rule.heard(50ms, {3, 0}, std::chrono::seconds(second));

  EXPECT_EQ(rule.each(3), least_mib_per_s);
}

TEST(MigrationBandwidth, GrowsStepByStepToWhatIsAllowedAndNoFurther) {
  auto rule = rested(100);
  rule.heard(50ms, {1, 100}, 1s);

  EXPECT_EQ(rule.heard(1ms, {1, 50}, 1'900ms), Change::none);
  EXPECT_EQ(rule.heard(1ms, {1, 50}, 2s), Change::more);
  EXPECT_EQ(rule.each(1), 56U);
  for (int second = 3; second < 20; ++second)
    rule.heard(1ms, {1, 50}, std::chrono::seconds(second));

  EXPECT_EQ(rule.each(1), 100U);
  EXPECT_FALSE(rule.holds_back());
}

TEST(MigrationBandwidth, IsUnlimitedAgainWhereNothingIsConfiguredAndTwiceAsMuchWouldPass) {
  auto rule = rested(std::nullopt);
  rule.heard(50ms, {1, 100}, 1s);
  for (int second = 2; second < 13; ++second)
    rule.heard(1ms, {1, 50}, std::chrono::seconds(second));
  EXPECT_TRUE(rule.holds_back());

  rule.heard(1ms, {1, 100}, 13s);
  rule.heard(1ms, {1, 100}, 14s);

  EXPECT_EQ(rule.each(1), std::nullopt);
}

}  // namespace
}  // namespace upbeat
