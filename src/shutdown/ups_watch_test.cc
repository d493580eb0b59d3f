// SPDX-License-Identifier: Apache-2.0
// A UPS on battery, and what its host does about it.
#include "shutdown/ups_watch.h"

#include <gtest/gtest.h>

namespace upbeat {
namespace {

using std::chrono::seconds;

class UpsWatches : public testing::Test {
 protected:
  /// What the next second brings.
  std::optional<UpsChange> next(const std::string& status, const std::string& runtime = "900") {
    now_ += seconds(1);
    return watch_.judge(read_ups(status, runtime), now_);
  }
  UpsWatch watch_{{.name = "rack1@nut", .patience = seconds(15), .reserve = seconds(120)}};
  MonotonicTime now_{};
};

TEST_F(UpsWatches, SaysNothingWhileThereIsMainsPower) {
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(next("OL CHRG"));
}

TEST_F(UpsWatches, AskTheHostToGoAfterTheirPatienceAndOnce) {
  for (int i = 0; i < 15; ++i) EXPECT_FALSE(next("OB")) << i;
  const auto change = next("OB", "885");
  ASSERT_TRUE(change && change->notice);
  EXPECT_EQ(change->notice->why, "UPS rack1@nut is on battery, 885 s left");
  EXPECT_EQ(change->notice->budget, seconds(765));
  EXPECT_EQ(change->notice->going, Going::on_battery);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(next("OB"));
}

TEST_F(UpsWatches, OverlookAFlicker) {
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 14; ++i) EXPECT_FALSE(next("OB"));
    EXPECT_FALSE(next("OL"));
  }
}

TEST_F(UpsWatches, TakeItBackWhenMainsPowerReturns) {
  for (int i = 0; i < 20; ++i) static_cast<void>(next("OB"));
  const auto change = next("OL");
  ASSERT_TRUE(change);
  EXPECT_FALSE(change->notice);
  EXPECT_FALSE(next("OL"));
}

TEST_F(UpsWatches, HaveNoPatienceWithABatteryThatIsLow) {
  const auto change = next("OB LB", "90");
  ASSERT_TRUE(change && change->notice);
  EXPECT_EQ(change->notice->why, "UPS rack1@nut is on battery, which is low, 90 s left");
  EXPECT_EQ(change->notice->budget, least_ups_budget);
}

TEST_F(UpsWatches, SayAgainThatThereIsLessTime) {
  for (int i = 0; i < 20; ++i) static_cast<void>(next("OB"));
  const auto change = next("OB LB", "130");
  ASSERT_TRUE(change && change->notice);
  EXPECT_EQ(change->notice->budget, least_ups_budget);
  EXPECT_FALSE(next("OB LB", "100"));
}

TEST_F(UpsWatches, SayAgainThatABatteryEmptiesFasterThanItSaid) {
  for (int i = 0; i < 20; ++i) static_cast<void>(next("OB", "900"));
  EXPECT_FALSE(next("OB", "880"));
  const auto change = next("OB", "500");
  ASSERT_TRUE(change && change->notice);
  EXPECT_EQ(change->notice->budget, seconds(380));
}

TEST_F(UpsWatches, DoNotWaitUntilTheReserveIsGone) { EXPECT_TRUE(next("OB", "140")); }

TEST_F(UpsWatches, LeaveTheTimeOpenWhereTheUpsDoesNotKnowIt) {
  for (int i = 0; i < 15; ++i) EXPECT_FALSE(next("OB", ""));
  const auto change = next("OB", "");
  ASSERT_TRUE(change && change->notice);
  EXPECT_EQ(change->notice->budget, std::nullopt);
  EXPECT_EQ(change->notice->why, "UPS rack1@nut is on battery");
}

TEST_F(UpsWatches, OverlookALowBatteryThatIsBeingCharged) { EXPECT_FALSE(next("OL LB CHRG")); }

}  // namespace
}  // namespace upbeat
