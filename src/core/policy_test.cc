// SPDX-License-Identifier: Apache-2.0
// Policies: how often a guest is tried again and where, whether it goes home, what a shutdown does.
#include "core/decide.h"
#include "core/explain.h"
#include "core/test_cluster.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

void crash(TestCluster& cluster, const std::string& vm) {
  const auto on = cluster.host_of(vm);
  ASSERT_NE(on, 0U);
  cluster.kill_guest(vm);
  cluster.report(on);
  cluster.settle();
  cluster.pass(10s);
}

TEST(PolicyChange, ForgetsWhatIsNotGivenOrGrantsTooManyTries) {
  TestCluster cluster({1});
  cluster.apply(PolicySet{.failback = Failback::go_home});
  cluster.apply(PolicySet{.restart_tries_here = 3, .on_shutdown = OnShutdown::hold});
  EXPECT_EQ(cluster.state.policy, (Policy{.restart_tries_here = 3,
                                          .failback = Failback::go_home,
                                          .on_shutdown = OnShutdown::hold}));
  EXPECT_TRUE(cluster.said("cluster the policy is now: restart_tries_here 3, "));
  cluster.apply(PolicySet{.restart_tries_here = restart_tries_limit + 1});
  EXPECT_TRUE(cluster.state.refused.contains("101 tries to restart a VM are more than the limit"));
}

TEST(Restart, FollowsAnotherOrderOfNodesThanItsPolicy) {
  TestCluster cluster({1, 2, 3});
  cluster.apply(PolicySet{.restart_tries_here = 2, .restart_tries_elsewhere = 2});
  cluster.fail_start.insert("x0");
  cluster.run("x0");
  cluster.pass(60s);
  EXPECT_EQ(cluster.times_said("could not be started on node1"), 2);
  EXPECT_EQ(cluster.times_said("could not be started on node2"), 1);
  EXPECT_EQ(cluster.times_said("could not be started on node3"), 1);
  EXPECT_EQ(phase_word(cluster.vm("x0")), "given-up");
  EXPECT_TRUE(cluster.vm("x0").waits_for.contains("it failed 4 times, last: no such device"));
}

TEST(Restart, OfACrashedGuestBeginsElsewhereOrNeverEnds) {
  TestCluster cluster({1, 2});
  cluster.run("big", 512);
  cluster.run("x0");
  ASSERT_EQ(cluster.host_of("x0"), 2U);
  cluster.run("other", 512);
  ASSERT_EQ(cluster.host_of("other"), 2U);  // now node1 has most memory free
  crash(cluster, "x0");
  EXPECT_EQ(cluster.host_of("x0"), 2U) << "the first time it is tried where it was";
  crash(cluster, "x0");
  EXPECT_EQ(cluster.host_of("x0"), 1U);
  crash(cluster, "x0");
  crash(cluster, "x0");
  EXPECT_EQ(phase_word(cluster.vm("x0")), "given-up");
  EXPECT_TRUE(cluster.vm("x0").waits_for.contains("it failed 4 times, last: it is not there on"))
      << cluster.vm("x0").waits_for;
}

TEST(Restart, IsTriedThoughThePolicySaysNever) {
  TestCluster cluster({1, 2});
  cluster.apply(PolicySet{.restart_tries_here = 0, .restart_tries_elsewhere = 0});
  cluster.run("x0");
  ASSERT_TRUE(cluster.is_running("x0")) << "the first start is no restart";
  crash(cluster, "x0");
  EXPECT_EQ(phase_word(cluster.vm("x0")), "given-up");
}

TEST(Restart, CountsCrashesOfLongAgo) {
  TestCluster cluster({1, 2});
  cluster.run("x0");
  for (int i = 0; i < 8; ++i) {
    crash(cluster, "x0");
    cluster.pass(601s);
  }
  EXPECT_TRUE(cluster.is_running("x0"));
}

TEST(Restart, CountsCrashesOfLongAgoWhenTheNodeDies) {
  TestCluster cluster({1, 2, 3});
  cluster.run("x0");
  crash(cluster, "x0");
  cluster.pass(601s);
  cluster.apply(PolicySet{.restart_tries_here = 0, .restart_tries_elsewhere = 0});
  cluster.cut_power(cluster.host_of("x0"));
  cluster.view();
  cluster.settle();
  EXPECT_TRUE(cluster.is_running("x0"));
}

class GoingHome : public testing::Test {
 protected:
  void SetUp() override {
    cluster.apply(PolicySet{.failback = Failback::go_home});
    for (const auto* vm : {"x0", "x1"}) {
      cluster.run(vm);
      if (cluster.host_of(vm) != 1) cluster.migrate(vm, 1);
      cluster.settle();
    }
    cluster.log.clear();
  }
  void go_and_come_back() {
    cluster.drain(1, DrainCause::maintenance);
    cluster.settle();
    ASSERT_TRUE(is_empty(cluster.state, NodeId(1)));
    cluster.apply(UndrainRequested{NodeId(1)});
  }

  TestCluster cluster{{1, 2, 3}};
};

TEST_F(GoingHome, IsForgottenAfterMaintenanceOrDoneAllAtOnce) {
  go_and_come_back();
  cluster.decide_once();
  EXPECT_EQ(std::ranges::count_if(cluster.state.vms,
                                  [](const auto& each) {
                                    return std::holds_alternative<Migrating>(each.second.phase);
                                  }),
            1);
  cluster.settle();
  for (const auto* vm : {"x0", "x1"}) EXPECT_EQ(cluster.host_of(vm), 1U) << vm;
  EXPECT_TRUE(cluster.said("it goes back to its home (failback) and node1 takes it again"));
}

TEST_F(GoingHome, IsDoneAgainstTheGuestsOwnWord) {
  cluster.apply(VmFailbackSet{VmId("x0"), Failback::stay});
  go_and_come_back();
  cluster.settle();
  EXPECT_NE(cluster.host_of("x0"), 1U);
  EXPECT_EQ(cluster.host_of("x1"), 1U);
  cluster.apply(VmFailbackSet{VmId("x0"), std::nullopt});
  cluster.settle();
  EXPECT_EQ(cluster.host_of("x0"), 1U);
}

TEST_F(GoingHome, LeadsBackToWhereAnOperatorMovedItAwayFrom) {
  cluster.migrate("x0", 3);
  cluster.settle();
  cluster.pass(60s);
  EXPECT_EQ(cluster.host_of("x0"), 3U);
}

TEST_F(GoingHome, BreaksAStrictRule) {
  cluster.rule("db", RuleKind::apart, {"x0", "x1"});
  cluster.settle();
  cluster.pass(60s);
  EXPECT_NE(cluster.host_of("x0"), cluster.host_of("x1"));
  EXPECT_EQ(cluster.times_said("moves from"), 1) << "the one that left does not come back";
}

TEST_F(GoingHome, LeavesAPairThatIsKeptTogetherAbroad) {
  cluster.rule("pair", RuleKind::together, {"x0", "x1"});
  go_and_come_back();
  cluster.settle();
  for (const auto* vm : {"x0", "x1"}) EXPECT_EQ(cluster.host_of(vm), 1U) << vm;
}

TEST_F(GoingHome, IsTriedForEver) {
  cluster.drain(1, DrainCause::maintenance);
  cluster.settle();
  cluster.fail_migrate.insert("x0");
  cluster.apply(UndrainRequested{NodeId(1)});
  cluster.settle();
  for (int i = 0; i < 10; ++i) cluster.pass(60s);
  EXPECT_EQ(cluster.times_said("x0 could not move from"),
            static_cast<std::ptrdiff_t>(failback_tries_limit));
}

TEST_F(GoingHome, IsNotExplained) {
  cluster.drain(1, DrainCause::maintenance);
  cluster.settle();
  const auto lines = explain_vm(cluster.state, VmId("x0"));
  EXPECT_EQ(lines.back(),
            "Its home is node1, and it goes back there once that can be: node1 is in maintenance.");
}

TEST(Failback, TakesTheRoomThatAStrictRuleNeeds) {
  TestCluster cluster({1, 2});
  const auto put = [&](const char* vm, std::uint64_t mib, std::uint32_t node) {
    cluster.run(vm, mib);
    if (cluster.host_of(vm) != node) cluster.migrate(vm, node);
    cluster.settle();
    ASSERT_EQ(cluster.host_of(vm), node);
  };
  put("a", 384, 1);
  put("p", 256, 1);
  put("q", 256, 2);
  put("v", 256, 2);
  cluster.state.vms.edit(VmId("v")).home = NodeId(1);
  cluster.rule("pair", RuleKind::together, {"p", "q"});
  cluster.rule("licence", RuleKind::off, {"p"}, {2});
  cluster.apply(VmFailbackSet{VmId("v"), Failback::go_home});
  cluster.settle();
  EXPECT_EQ(cluster.host_of("q"), 1U);
  EXPECT_EQ(cluster.host_of("v"), 2U);
}

TEST(Failback, HappensThoughItIsNotAskedFor) {
  TestCluster cluster({1, 2});
  cluster.run("x0");
  const auto home = cluster.host_of("x0");
  cluster.drain(home);
  cluster.settle();
  cluster.apply(UndrainRequested{NodeId(home)});
  cluster.settle();
  EXPECT_NE(cluster.host_of("x0"), home);
}

class GoingDown : public testing::Test {
 protected:
  /// x0 runs on node1, which is told to go down.
  void go_down(OnShutdown policy, DrainCause cause = DrainCause::shutdown) {
    cluster.apply(PolicySet{.on_shutdown = policy});
    cluster.run("x0");
    ASSERT_EQ(cluster.host_of("x0"), 1U);
    cluster.drain(1, cause);
    cluster.settle();
  }
  void leave_and_come_back() {
    cluster.apply(NodeLeaving{NodeId(1)});
    cluster.cut_power(1);
    cluster.view();
    cluster.settle();
    cluster.power_on(1);
    cluster.view();
    cluster.settle();
  }

  TestCluster cluster{{1, 2, 3}};
};

TEST_F(GoingDown, MovesGuestsThatAreToRestart) {
  go_down(OnShutdown::restart);
  EXPECT_FALSE(cluster.said("moves from"));
  EXPECT_TRUE(cluster.said("is asked to shut down on node1: node1 goes down (test), and it"));
  EXPECT_NE(cluster.host_of("x0"), 1U);
  EXPECT_TRUE(cluster.is_running("x0"));
  EXPECT_EQ(cluster.vm("x0").crashes, 0U);
}

TEST_F(GoingDown, WaitsForEverForAGuestThatDoesNotShutDown) {
  cluster.stubborn.insert("x0");
  go_down(OnShutdown::restart);
  ASSERT_EQ(phase_word(cluster.vm("x0")), "stopping");
  cluster.pass(stop_patience + 1s);
  EXPECT_TRUE(cluster.is_running("x0"));
}

TEST_F(GoingDown, StartsAHeldGuestElsewhereOrForgetsItWhenTheNodeIsBack) {
  go_down(OnShutdown::hold);
  EXPECT_EQ(phase_word(cluster.vm("x0")), "waiting");
  EXPECT_EQ(cluster.vm("x0").waits_for,
            "it is held for node1, which is draining; `upbeat vm start x0` starts it elsewhere");
  leave_and_come_back();
  EXPECT_EQ(cluster.host_of("x0"), 1U);
  EXPECT_TRUE(cluster.is_running("x0"));
}

TEST_F(GoingDown, LeavesAHeldGuestDownBecauseARuleKeepsItOffTheNodeThatIsBack) {
  go_down(OnShutdown::hold);
  cluster.rule("licence", RuleKind::off, {"x0"}, {1});
  leave_and_come_back();
  EXPECT_TRUE(cluster.is_running("x0"));
}

TEST_F(GoingDown, HoldsAGuestThatAnOperatorStarts) {
  go_down(OnShutdown::hold);
  cluster.want("x0");
  cluster.settle();
  EXPECT_TRUE(cluster.is_running("x0"));
  EXPECT_NE(cluster.host_of("x0"), 1U);
}

TEST_F(GoingDown, StopsGuestsThoughTheShutdownWasCancelled) {
  cluster.stubborn.insert("x0");
  go_down(OnShutdown::hold);
  cluster.apply(UndrainRequested{NodeId(1)});
  cluster.settle();
  cluster.pass(stop_patience + 1s);
  EXPECT_EQ(cluster.host_of("x0"), 1U) << "it had been asked to shut down, and starts there again";
  EXPECT_TRUE(cluster.is_running("x0"));
}

TEST_F(GoingDown, StopsTheGuestsOfANodeThatAnOperatorDrains) {
  go_down(OnShutdown::hold, DrainCause::operator_request);
  EXPECT_TRUE(cluster.said("moves from node1"));
  EXPECT_TRUE(cluster.is_running("x0"));
}

}  // namespace
}  // namespace upbeat
