// SPDX-License-Identifier: Apache-2.0
// A node that has to go down, and the guests that are still on it when its time runs out.
#include "core/deadline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/explain.h"
#include "core/test_cluster.h"

namespace upbeat {
namespace {

using std::chrono::seconds;
using testing::Contains;
using testing::HasSubstr;

/// Two nodes that are both full, so that nothing of node 1 finds a place on node 2.
class NoPlaceToGo : public testing::Test {
 protected:
  void SetUp() override {
    for (const auto* vm : {"x0", "x1", "x2", "x3"}) cluster.run(vm);
    for (const auto* vm : {"x0", "x1", "x2", "x3"}) {
      if (cluster.host_of(vm) == 1) mine.emplace_back(vm);
    }
    ASSERT_EQ(mine.size(), 2U);
  }
  [[nodiscard]] bool on_node1(const std::string& vm) const { return cluster.host_of(vm) == 1; }

  TestCluster cluster{{1, 2}, 512};
  std::vector<std::string> mine;
};

TEST_F(NoPlaceToGo, GuestsAreShutDownWhenTheTimeRunsOutAndNotBefore) {
  cluster.drain(1, DrainCause::shutdown, seconds(600));
  cluster.settle();
  cluster.pass(seconds(525));
  EXPECT_TRUE(on_node1(mine[0]) && on_node1(mine[1]));
  EXPECT_THAT(explain_node(cluster.state, NodeId(1)),
              Contains("It goes down within 75.0 s; what is left on it in 5.0 s is shut down."));
  EXPECT_THAT(
      explain_vm(cluster.state, VmId(mine[0])),
      Contains("If it has not left in 5.0 s, it is shut down and boots where there is room."));

  cluster.pass(seconds(5));

  for (const auto& vm : mine) {
    EXPECT_TRUE(cluster.hosts_of(vm).empty()) << vm;
    EXPECT_EQ(cluster.vm(vm).crashes, 0U) << vm << " did not fail";
    EXPECT_TRUE(
        cluster.said(vm + " is asked to shut down on node1: node1 goes down (test) within"));
    EXPECT_FALSE(cluster.said(vm + " is powered off"));
  }
}

TEST_F(NoPlaceToGo, AGuestThatDoesNotShutDownIsPoweredOffAtTheLastMoment) {
  cluster.stubborn.insert(mine[0]);
  cluster.drain(1, DrainCause::shutdown, seconds(600));
  cluster.pass(seconds(585));
  EXPECT_TRUE(on_node1(mine[0]));
  EXPECT_FALSE(on_node1(mine[1]));

  cluster.pass(seconds(5));

  EXPECT_FALSE(on_node1(mine[0]));
  EXPECT_TRUE(cluster.said(mine[0] + " is powered off on node1: it did not shut down"));
}

TEST_F(NoPlaceToGo, HalfOfAShortBudgetIsForShuttingDown) {
  cluster.stubborn.insert(mine[0]);
  cluster.drain(1, DrainCause::shutdown, seconds(20));
  cluster.pass(seconds(5));
  EXPECT_TRUE(on_node1(mine[1]));

  cluster.pass(seconds(5));
  EXPECT_FALSE(on_node1(mine[1]));
  EXPECT_TRUE(on_node1(mine[0]));

  cluster.apply(Tick{seconds(5)});
  cluster.apply(Tick{seconds(3)});
  cluster.settle();
  EXPECT_FALSE(on_node1(mine[0]));
}

TEST_F(NoPlaceToGo, TheyBootAgainWhenTheNodeIsBack) {
  cluster.drain(1, DrainCause::shutdown, seconds(20));
  cluster.pass(seconds(10));
  cluster.apply(NodeLeaving{NodeId(1)});
  cluster.cut_power(1);
  cluster.view();
  cluster.pass(seconds(60));
  for (const auto& vm : mine) EXPECT_FALSE(cluster.is_running(vm));

  cluster.power_on(1);
  cluster.view();
  cluster.settle();

  for (const auto& vm : mine) EXPECT_TRUE(cluster.is_running(vm));
}

TEST_F(NoPlaceToGo, ANewBudgetTakesThePlaceOfTheOld) {
  cluster.drain(1, DrainCause::shutdown, seconds(600));
  cluster.pass(seconds(100));
  cluster.drain(1, DrainCause::shutdown, seconds(40));

  EXPECT_EQ(time_left(cluster.state, NodeId(1)), seconds(40));
  EXPECT_EQ(last_call_in(cluster.state, NodeId(1)), seconds(20));
  // Without one, the old one stands.
  cluster.drain(1, DrainCause::operator_request);
  EXPECT_EQ(time_left(cluster.state, NodeId(1)), seconds(40));
}

TEST_F(NoPlaceToGo, NothingIsShutDownOnANodeThatCanWait) {
  cluster.drain(1, DrainCause::maintenance);
  cluster.pass(seconds(3600));

  EXPECT_TRUE(on_node1(mine[0]) && on_node1(mine[1]));
  EXPECT_FALSE(time_left(cluster.state, NodeId(1)));
}

TEST_F(NoPlaceToGo, NothingIsShutDownOnANodeThatIsAboutToFail) {
  cluster.drain(1, DrainCause::failing);
  cluster.drain(2, DrainCause::failing);
  cluster.pass(seconds(3600));

  EXPECT_TRUE(on_node1(mine[0]) && on_node1(mine[1])) << "also where no node stays";
}

TEST_F(NoPlaceToGo, AnUndrainEndsTheTime) {
  cluster.drain(1, DrainCause::shutdown, seconds(600));
  cluster.pass(seconds(500));
  cluster.apply(UndrainRequested{NodeId(1)});
  cluster.pass(seconds(600));

  EXPECT_TRUE(on_node1(mine[0]) && on_node1(mine[1]));
}

TEST_F(NoPlaceToGo, ANodeThatIsBackHasNoDeadlineAnyMore) {
  cluster.drain(1, DrainCause::maintenance);
  cluster.drain(1, DrainCause::shutdown, seconds(600));
  cluster.restart_daemon(1);
  cluster.view();

  ASSERT_TRUE(cluster.node(1).drain);
  EXPECT_EQ(cluster.node(1).drain->cause, DrainCause::maintenance);
  EXPECT_FALSE(cluster.node(1).drain->deadline);
}

TEST_F(NoPlaceToGo, WaitingMakesNoSenseWhereNoNodeStays) {
  cluster.drain(1, DrainCause::shutdown, seconds(600));
  cluster.settle();
  EXPECT_TRUE(on_node1(mine[0]));

  cluster.drain(2, DrainCause::shutdown, seconds(600));
  cluster.settle();

  for (const auto* vm : {"x0", "x1", "x2", "x3"}) EXPECT_EQ(cluster.host_of(vm), 0U) << vm;
  EXPECT_TRUE(cluster.said("and no node stays that could take it"));
}

TEST(Deadline, ABudgetWithoutSenseDoesNoHarm) {
  for (const auto budget :
       {ClusterTime::min(), ClusterTime{-1}, ClusterTime{0}, ClusterTime{1}, ClusterTime::max()}) {
    TestCluster cluster({1, 2, 3});
    cluster.run("x0");
    const auto home = cluster.host_of("x0");
    cluster.drain(home, DrainCause::shutdown, budget);
    cluster.pass(seconds(100));

    EXPECT_TRUE(cluster.is_running("x0")) << budget.count();
    EXPECT_NE(cluster.host_of("x0"), home) << budget.count();
  }
}

TEST_F(NoPlaceToGo, AnOperatorsDeadlineIsNotAShutdowns) {
  cluster.drain(1, DrainCause::maintenance, seconds(90));
  EXPECT_FALSE(is_told_to_go(cluster.state, NodeId(1)));
  cluster.apply(NodeLeaving{.node = NodeId(1), .stays = true});
  EXPECT_EQ(time_left(cluster.state, NodeId(1)), seconds(90));

  cluster.drain(1, DrainCause::shutdown, seconds(600));
  EXPECT_TRUE(is_told_to_go(cluster.state, NodeId(1)));
  cluster.apply(NodeLeaving{.node = NodeId(1), .stays = true});
  EXPECT_EQ(time_left(cluster.state, NodeId(1)), std::nullopt);
  EXPECT_TRUE(cluster.node(1).drain);
}

TEST_F(NoPlaceToGo, AWholeClusterOnBatteryGoesOnForAsLongAsItCan) {
  for (const std::uint32_t node : {1U, 2U}) cluster.drain(node, DrainCause::battery, seconds(600));
  cluster.pass(seconds(529));
  for (const auto* vm : {"x0", "x1", "x2", "x3"}) EXPECT_NE(cluster.host_of(vm), 0U) << vm;
  cluster.pass(seconds(1));
  for (const auto* vm : {"x0", "x1", "x2", "x3"}) EXPECT_EQ(cluster.host_of(vm), 0U) << vm;
}

TEST_F(NoPlaceToGo, MainsPowerThatIsBackEndsItAndAReturningNodeForgetsIt) {
  cluster.drain(1, DrainCause::battery, seconds(600));
  EXPECT_TRUE(is_told_to_go(cluster.state, NodeId(1)));
  cluster.apply(NodeLeaving{.node = NodeId(1), .stays = true});
  EXPECT_FALSE(cluster.node(1).drain);
  EXPECT_FALSE(is_told_to_go(cluster.state, NodeId(1)));
}

TEST_F(NoPlaceToGo, AGuestThatDoesNotShutDownIsPoweredOffAtAnOperatorsLastMomentToo) {
  cluster.stubborn.insert(mine[0]);
  cluster.drain(1, DrainCause::maintenance, seconds(600));
  cluster.pass(seconds(589));
  EXPECT_TRUE(on_node1(mine[0]));
  cluster.pass(seconds(5));
  EXPECT_FALSE(on_node1(mine[0]));
}

}  // namespace
}  // namespace upbeat
