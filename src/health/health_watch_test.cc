// SPDX-License-Identifier: Apache-2.0
// When what is found of a host counts, and when no longer.
#include "health/health_watch.h"

#include <gtest/gtest.h>

namespace upbeat {
namespace {

using namespace std::chrono_literals;

Seen ill(const std::string& part, const std::string& why) {
  return {.findings = {{part, Health::ill, why}}, .trouble = {}};
}
Seen well(const std::string& part) {
  return {.findings = {{part, Health::well, {}}}, .trouble = {}};
}
Seen unknown(const std::string& part) {
  return {.findings = {{part, Health::unknown, {}}}, .trouble = "it does not say"};
}

/// A watch over two checks; a part is ill after 20 s and well after 60 s.
class HealthWatches : public testing::Test {
 protected:
  std::optional<HealthChange> at(std::chrono::seconds when, const Seen& seen,
                                 const std::string& check = "disks") {
    return watch_.judge(check, seen, 20s, when);
  }

  HealthWatch watch_{{"disks", "file_systems"}, 60s};
};

TEST_F(HealthWatches, AnnounceWhatIsIllForLongEnoughAndTakeItBackWhenItIsWellForLonger) {
  EXPECT_FALSE(at(0s, ill("sda", "sda fails")));
  EXPECT_FALSE(at(19s, ill("sda", "sda fails")));
  const auto change = at(20s, ill("sda", "sda fails"));
  ASSERT_TRUE(change && change->notice);
  EXPECT_EQ(change->notice->why, "sda fails");
  EXPECT_EQ(change->notice->going, Going::failing);
  EXPECT_FALSE(change->notice->budget);

  EXPECT_FALSE(at(30s, well("sda")));
  EXPECT_FALSE(at(89s, well("sda")));
  const auto back = at(90s, well("sda"));
  ASSERT_TRUE(back);
  EXPECT_FALSE(back->notice);
}

TEST_F(HealthWatches, MoveNothingForAPartThatCannotMakeUpItsMind) {
  for (auto when = 0s; when < 600s; when += 10s) {
    EXPECT_FALSE(at(when, when.count() % 20 == 0 ? ill("sda", "hot") : well("sda")));
  }
}

TEST_F(HealthWatches, TakeNothingBackForAPartThatCannotMakeUpItsMind) {
  static_cast<void>(at(0s, ill("sda", "hot")));
  ASSERT_TRUE(at(20s, ill("sda", "hot")));
  for (auto when = 30s; when < 600s; when += 10s) {
    EXPECT_FALSE(at(when, when.count() % 50 == 0 ? ill("sda", "hot") : well("sda")));
  }
}

TEST_F(HealthWatches, LetWhatAPartSaidLastStandWhileItSaysNothing) {
  static_cast<void>(at(0s, ill("sda", "sda fails")));
  ASSERT_TRUE(at(20s, ill("sda", "sda fails")));
  EXPECT_FALSE(at(100s, unknown("sda")));
  EXPECT_FALSE(at(200s, {.findings = {}, .trouble = "cannot look"}));
  EXPECT_FALSE(at(210s, well("sda"))) << "only from here on it was well";
  EXPECT_TRUE(at(270s, well("sda")));
}

TEST_F(HealthWatches, TakeAPartThatIsNotThereAnyMoreForWell) {
  static_cast<void>(at(0s, ill("sda", "sda fails")));
  ASSERT_TRUE(at(20s, ill("sda", "sda fails")));
  EXPECT_FALSE(at(30s, well("sdb")));
  const auto back = at(90s, well("sdb"));
  EXPECT_TRUE(back && !back->notice);
}

TEST_F(HealthWatches, NameAllThatAilsTheHostAndTellOnlyWhatIsNew) {
  static_cast<void>(at(0s, ill("sda", "sda fails")));
  static_cast<void>(at(0s, ill("/", "/ is full: 3 MiB"), "file_systems"));
  EXPECT_EQ(at(20s, ill("sda", "sda fails"))->notice->why, "sda fails");
  EXPECT_EQ(at(21s, ill("/", "/ is full: 2 MiB"), "file_systems")->notice->why,
            "sda fails; / is full: 2 MiB");
  EXPECT_FALSE(at(25s, ill("/", "/ is full: 1 MiB"), "file_systems"));

  static_cast<void>(at(30s, well("sda")));
  const auto less = at(90s, well("sda"));
  ASSERT_TRUE(less && less->notice);
  EXPECT_EQ(less->notice->why, "/ is full: 1 MiB");
}

TEST_F(HealthWatches, NameNoMoreThanAPersonWouldRead) {
  Seen many;
  for (int disk = 0; disk < 10; ++disk) {
    const auto name = "d" + std::to_string(disk);
    many.findings.push_back({name, Health::ill, name + " fails"});
  }
  static_cast<void>(at(0s, many));
  EXPECT_EQ(at(20s, many)->notice->why, "d0 fails; d1 fails; d2 fails; d3 fails; and 6 more");
}

TEST_F(HealthWatches, AreUndecidedUntilEachCheckHasLookedAndNothingIsInTheBalance) {
  EXPECT_TRUE(watch_.undecided());
  static_cast<void>(at(0s, ill("sda", "sda fails")));
  static_cast<void>(at(0s, well("/"), "file_systems"));
  EXPECT_TRUE(watch_.undecided()) << "sda may yet count as ill";
  static_cast<void>(at(20s, ill("sda", "sda fails")));
  EXPECT_FALSE(watch_.undecided());
}

}  // namespace
}  // namespace upbeat
