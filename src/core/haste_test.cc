// SPDX-License-Identifier: Apache-2.0
// A guest that would be on its way for ever, and the node that has to be empty in time.
#include "core/haste.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/deadline.h"
#include "core/test_cluster.h"

namespace upbeat {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

/// x0, of 256 MiB, runs on node 1 and writes faster than it is copied; node 2 has room.
class AGuestWithoutRest : public testing::Test {
 protected:
  void SetUp() override {
    cluster.run("x0");
    ASSERT_EQ(cluster.host_of("x0"), 1U);
    cluster.endless["x0"] = MoveStep::stand_still;
  }
  void drain(std::optional<milliseconds> budget) {
    cluster.drain(1, budget ? DrainCause::shutdown : DrainCause::maintenance, budget);
    cluster.settle();
    progress(100'000, 200'000);
  }
  void progress(std::uint64_t rate_kib_per_s, std::uint64_t dirty_kib_per_s,
                std::uint64_t left_kib = 100'000) {
    cluster.apply(MigrationProgressed{.vm = VmId("x0"),
                                      .memory_total_kib = std::uint64_t{256} * 1024,
                                      .memory_left_kib = left_kib,
                                      .rate_kib_per_s = rate_kib_per_s,
                                      .dirty_kib_per_s = dirty_kib_per_s});
  }
  /// Second by second, until the migration is helped as far as `step`.
  ClusterTime time_until(MoveStep step) {
    const auto begin = cluster.state.now;
    while (this->step() < step && cluster.state.now - begin < std::chrono::hours(1)) {
      cluster.pass(seconds(1));
    }
    return cluster.state.now - begin;
  }
  [[nodiscard]] MoveStep step() const {
    const auto* move = std::get_if<Migrating>(&cluster.vm("x0").phase);
    return move == nullptr ? MoveStep::stand_still : move->step;
  }

  TestCluster cluster{{1, 2}};
};

TEST_F(AGuestWithoutRest, IsHelpedByOneStepAfterAnother) {
  drain({});
  EXPECT_EQ(step(), MoveStep::live);
  EXPECT_EQ(time_until(MoveStep::longer_pause), longer_pause_after);
  EXPECT_EQ(time_until(MoveStep::long_pause), long_pause_after - longer_pause_after);
  EXPECT_EQ(time_until(MoveStep::slowed_down), slowed_down_after - long_pause_after);
  EXPECT_TRUE(cluster.said(
      "x0 may stand still for 300 ms when it changes hosts: it is on its way for 5.0 s already"));
  EXPECT_TRUE(
      cluster.said("x0 may stand still for 1000 ms when it changes hosts: it is on its way "
                   "for 20.0 s already"));
  EXPECT_TRUE(
      cluster.said("x0 is slowed down until its memory can be copied: it is on its way for "
                   "120.0 s already and writes as fast as it is copied"));
}

TEST_F(AGuestWithoutRest, IsNeverMadeToStandStillWithoutADeadline) {
  drain({});
  cluster.pass(std::chrono::hours(2));
  EXPECT_EQ(step(), MoveStep::slowed_down);
}

TEST_F(AGuestWithoutRest, LeavesAliveBeforeTheLastCall) {
  drain(seconds(600));
  EXPECT_EQ(time_until(MoveStep::slowed_down), slowed_down_after);
  // 256 MiB take 2.6 s and the overhead of 1 s: twice that before the last call, at 530 s.
  EXPECT_EQ(time_until(MoveStep::stand_still), seconds(523) - slowed_down_after);

  EXPECT_EQ(cluster.host_of("x0"), 2U);
  EXPECT_TRUE(
      cluster.said("x0 stands still until it is on the other host: node1 goes down within "
                   "77.0 s, and copying all of it takes 3.6 s"));
  EXPECT_FALSE(cluster.said("x0 is asked to shut down"));
}

TEST_F(AGuestWithoutRest, IsSlowedDownEarlierIfItsNodeHasToBeEmptySoon) {
  drain(seconds(80));
  // The last call is after 40 s; eight copies before are 29 s.
  EXPECT_EQ(time_until(MoveStep::slowed_down), seconds(12));
  EXPECT_TRUE(
      cluster.said("x0 is slowed down until its memory can be copied: node1 goes down within"
                   " 68.0 s, and it writes too fast to be copied until then"));
  EXPECT_EQ(time_until(MoveStep::stand_still), seconds(33 - 12));
}

TEST_F(AGuestWithoutRest, LeavesTimeForTheGuestsAfterIt) {
  // Two leave at once; one more is behind them, and needs 3.6 s.
  cluster = TestCluster({1, 2}, 2048);
  for (const auto* vm : {"x0", "x1", "x2", "x3", "x4"}) {
    cluster.run(vm);
    cluster.endless[vm] = MoveStep::stand_still;
  }
  drain(seconds(80));
  const auto with_others = time_until(MoveStep::stand_still);
  EXPECT_LT(with_others, seconds(33));
}

TEST_F(AGuestWithoutRest, IsLeftAloneWhileItConverges) {
  drain(seconds(80));
  progress(100'000, 50'000, 1'000'000);
  cluster.pass(seconds(4));
  progress(100'000, 50'000, 300'000);
  cluster.pass(seconds(24));
  // By then it is late, but the end is near.
  EXPECT_EQ(step(), MoveStep::long_pause);
}

TEST_F(AGuestWithoutRest, ThatWouldComeTooLateIsShutDownInTimeAndBootsElsewhere) {
  cluster.stuck.insert("x0");
  drain(seconds(80));
  progress(1'000, 0, 100'000);
  cluster.pass(seconds(39));
  EXPECT_EQ(cluster.host_of("x0"), 1U);

  cluster.pass(seconds(1));

  EXPECT_TRUE(
      cluster.said("x0 does not go on to node2: node1 goes down within 40.0 s, and copying what is "
                   "left of it takes 101.0 s"));
  EXPECT_TRUE(cluster.said("x0 is asked to shut down on node1"));
  EXPECT_EQ(cluster.host_of("x0"), 2U);
  EXPECT_EQ(cluster.vm("x0").move_failures, 0U) << "neither its fault nor its target's";
}

TEST_F(AGuestWithoutRest, ThatJustMakesItIsNotCalledOff) {
  cluster.stuck.insert("x0");
  drain(seconds(80));
  progress(1'000, 0, 30'000);
  cluster.pass(seconds(40));
  EXPECT_FALSE(cluster.said("does not go on")) << "31 s, and 32 until the last moment";
  progress(1'000, 0, 20'000);
  cluster.pass(seconds(10));
  EXPECT_FALSE(cluster.said("does not go on"));

  cluster.pass(seconds(2));
  EXPECT_TRUE(cluster.said("x0 does not go on to node2")) << "it came no further";
}

TEST_F(AGuestWithoutRest, OfWhichNothingIsCopiedIsCalledOffWhenItCannotBegin) {
  cluster.stuck.insert("x0");
  cluster.drain(1, DrainCause::shutdown, seconds(80));
  cluster.settle();
  cluster.pass(seconds(70));
  EXPECT_FALSE(cluster.said("does not go on"));

  cluster.pass(seconds(2));

  EXPECT_TRUE(cluster.said("and none of it is copied yet"));
  EXPECT_EQ(cluster.host_of("x0"), 2U);
}

TEST_F(AGuestWithoutRest, OfWhichNothingIsCopiedYetIsLeftAlone) {
  cluster.drain(1, DrainCause::shutdown, seconds(20));
  cluster.settle();
  progress(0, 0, 0);
  cluster.pass(seconds(9));
  EXPECT_EQ(step(), MoveStep::live);
}

TEST_F(AGuestWithoutRest, WhoseMigrationHasEndedNeedsNoHelp) {
  drain({});
  cluster.endless.clear();
  cluster.settle();
  cluster.pass(seconds(30));
  EXPECT_EQ(cluster.host_of("x0"), 2U);
  EXPECT_FALSE(cluster.said("x0 may stand still"));
}

}  // namespace
}  // namespace upbeat
