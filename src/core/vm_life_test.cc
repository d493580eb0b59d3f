// SPDX-License-Identifier: Apache-2.0
// What happens to guests: defined, started, stopped, moved, removed, failing, dying.
#include "core/explain.h"
#include "core/placement.h"
#include "core/test_cluster.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

TEST(Define, RefusesASecondOneOfTheSameName) {
  TestCluster cluster({1});
  cluster.define("x0");

  cluster.define("x0");

  EXPECT_TRUE(cluster.state.refused.contains("a VM of that name is defined already"));
}

TEST(Define, RefusesAVmLargerThanAnyNode) {
  TestCluster cluster({1, 2});

  cluster.define("giant", 2048);

  EXPECT_TRUE(cluster.state.refused.contains("needs 2048 MiB and the largest node"));
  EXPECT_TRUE(cluster.state.vms.empty());
}

TEST(Define, RefusesTheUuidOfAnother) {
  TestCluster cluster({1});
  cluster.define("x0");
  VmDefined twin{.vm = VmId("x1"), .spec = cluster.vm("x0").spec};

  cluster.apply(twin);

  EXPECT_TRUE(cluster.state.refused.contains("x0 has the same UUID"));
}

TEST(Start, SpreadsGuestsByFreeMemoryAndNeverAboveCapacity) {
  TestCluster cluster({1, 2, 3, 4});

  for (const auto* vm : {"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7"}) cluster.run(vm);

  for (const std::uint32_t node : {1U, 2U, 3U, 4U}) {
    EXPECT_EQ(free_memory_kib(cluster.state, NodeId(node)), (896 - 2 * 256) * 1024U);
  }
}

TEST(Start, WaitsWithAReasonAndStartsAsSoonAsItFits) {
  TestCluster cluster({1});
  for (const auto* vm : {"x0", "x1", "x2"}) cluster.run(vm);
  cluster.run("x3");
  ASSERT_EQ(phase_word(cluster.vm("x3")), "waiting");
  ASSERT_EQ(cluster.vm("x3").waits_for, "x3 needs 256 MiB: node1 has 128 MiB free");

  cluster.want("x0", Wanted::stopped);
  cluster.settle();

  EXPECT_TRUE(cluster.is_running("x3"));
}

TEST(Start, ServesTheMoreImportantGuestFirst) {
  TestCluster cluster({1}, 256);
  cluster.define("low", 256, 1);
  cluster.define("high", 256, 9);
  cluster.want("low");
  cluster.want("high");

  cluster.settle();

  EXPECT_TRUE(cluster.is_running("high"));
  EXPECT_EQ(phase_word(cluster.vm("low")), "waiting");
}

TEST(StartFails, TriesOtherNodesThenGivesUpWithTheReason) {
  TestCluster cluster({1, 2, 3});
  cluster.fail_start.insert("x0");
  cluster.run("x0");

  cluster.pass(30s);

  EXPECT_EQ(phase_word(cluster.vm("x0")), "given-up");
  EXPECT_TRUE(cluster.vm("x0").waits_for.contains("no such device"));
  EXPECT_TRUE(cluster.said("could not be started on node1"));
  EXPECT_TRUE(cluster.said("could not be started on node2"));
  EXPECT_TRUE(cluster.said("could not be started on node3"));
}

TEST(StartFails, AnOperatorsStartTriesAgain) {
  TestCluster cluster({1, 2, 3});
  cluster.fail_start.insert("x0");
  cluster.run("x0");
  cluster.pass(30s);
  cluster.fail_start.clear();

  cluster.want("x0");
  cluster.settle();

  EXPECT_TRUE(cluster.is_running("x0"));
}

TEST(Stop, AsksFirstAndTakesThePowerWhenPatienceEnds) {
  TestCluster cluster({1, 2});
  cluster.run("x0");
  cluster.stubborn.insert("x0");
  cluster.want("x0", Wanted::stopped);
  cluster.settle();
  ASSERT_EQ(phase_word(cluster.vm("x0")), "stopping");

  cluster.pass(stop_patience + 1s);

  EXPECT_EQ(phase_word(cluster.vm("x0")), "stopped");
  EXPECT_TRUE(cluster.hosts_of("x0").empty());
}

TEST(Remove, StopsTheGuestAndForgetsItOnlyWhenItIsGone) {
  TestCluster cluster({1, 2});
  cluster.run("x0");

  cluster.want("x0", Wanted::removed);
  ASSERT_TRUE(cluster.state.vms.contains(VmId("x0")));
  cluster.settle();

  EXPECT_FALSE(cluster.state.vms.contains(VmId("x0")));
  EXPECT_TRUE(cluster.hosts_of("x0").empty());
}

TEST(Migrate, MovesAGuestToTheNodeAskedFor) {
  TestCluster cluster({1, 2, 3});
  cluster.run("x0");
  const std::uint32_t target = cluster.host_of("x0") == 3 ? 2 : 3;

  cluster.apply(VmMigrateRequested{VmId("x0"), NodeId(target)});
  cluster.settle();

  EXPECT_EQ(cluster.host_of("x0"), target);
  EXPECT_FALSE(cluster.vm("x0").wants_move);
  EXPECT_TRUE(cluster.vm("x0").last_move->success);
}

TEST(Migrate, IsRefusedWhereThereIsNoRoom) {
  TestCluster cluster({1, 2});
  for (const auto* vm : {"x0", "x1", "x2", "x3", "x4", "x5"}) cluster.run(vm);
  const auto other = NodeId(cluster.host_of("x0") == 1 ? 2 : 1);

  cluster.apply(VmMigrateRequested{VmId("x0"), other});

  EXPECT_TRUE(cluster.state.refused.contains("has 128 MiB free"));
}

TEST(MigrationFails, TheGuestRunsOnAtTheSource) {
  TestCluster cluster({1, 2});
  cluster.run("x0");
  const auto home = cluster.host_of("x0");
  cluster.fail_migrate.insert("x0");

  cluster.apply(VmMigrateRequested{VmId("x0"), {}});
  cluster.settle();

  EXPECT_EQ(cluster.host_of("x0"), home);
  EXPECT_TRUE(cluster.is_running("x0"));
  EXPECT_EQ(cluster.vm("x0").may_run_on.size(), 1U);
}

class OnTheWay : public testing::Test {
 protected:
  // x0 is on its way, and the source has not ended its part.
  void SetUp() override {
    cluster.run("x0");
    from = cluster.host_of("x0");
    cluster.apply(VmMigrateRequested{VmId("x0"), {}});
    ASSERT_TRUE(cluster.decide_once());
    to = std::get<Migrating>(cluster.vm("x0").phase).to.get();
  }

  TestCluster cluster{{1, 2, 3, 4}};
  std::uint32_t from = 0;
  std::uint32_t to = 0;
};

TEST_F(OnTheWay, BothNodesMayRunIt) { EXPECT_EQ(cluster.vm("x0").may_run_on.size(), 2U); }

TEST_F(OnTheWay, ATargetThatDoesNotSeeItYetDeniesNothing) {
  cluster.report(to);

  EXPECT_EQ(cluster.vm("x0").may_run_on.size(), 2U);
}

TEST_F(OnTheWay, TheSourceDiesAfterTheGuestHasLandedAndItRunsOnAtTheTarget) {
  cluster.cut_power(from);
  cluster.start_behind_our_back("x0", to);  // it has landed, nobody has said so
  cluster.view();
  cluster.settle();

  EXPECT_EQ(cluster.host_of("x0"), to);
  EXPECT_TRUE(cluster.is_running("x0"));
}

TEST_F(OnTheWay, TheGuestLandsAndDiesBeforeTheSourceDoesAndBootsAgain) {
  cluster.cut_power(from);
  cluster.start_behind_our_back("x0", to);
  cluster.report(to);
  cluster.kill_guest("x0");
  cluster.report(to);  // the last that the target has to tell: nothing changes there from now on
  cluster.view();
  cluster.settle();

  EXPECT_TRUE(cluster.is_running("x0"));
  EXPECT_NE(cluster.host_of("x0"), 0U);
}

TEST_F(OnTheWay, TheSourceDiesBeforeAndItIsBootedOnceTheTargetHasDeniedIt) {
  cluster.cut_power(from);
  cluster.view();
  cluster.settle();

  EXPECT_TRUE(cluster.is_running("x0"));
  EXPECT_NE(cluster.host_of("x0"), 0U);
  EXPECT_TRUE(cluster.said("is not there on node" + std::to_string(to)));
}

TEST_F(OnTheWay, WhatALostSourceLeftAtTheTargetIsThrownAwayAndTheGuestBoots) {
  cluster.cut_power(from);
  cluster.view();
  ASSERT_TRUE(cluster.decide_once());
  cluster.apply(FenceReported{NodeId(from), coordinator(cluster.state), true, "outlet off"});

  cluster.report_incoming(to, "x0");
  EXPECT_EQ(duties(cluster.state, NodeId(to)),
            (std::vector<Duty>{EndHere{VmId("x0"), StopForce::power_off, cluster.state.index}}));
  cluster.settle();

  EXPECT_TRUE(cluster.is_running("x0"));
}

TEST_F(OnTheWay, ADenialOlderThanTheProofDoesNotCount) {
  const auto old = cluster.state.index;
  cluster.cut_power(from);
  cluster.view();
  ASSERT_TRUE(cluster.decide_once());
  cluster.apply(FenceReported{NodeId(from), coordinator(cluster.state), true, "outlet off"});

  cluster.report_as_of(to, old);

  EXPECT_TRUE(std::holds_alternative<Unsure>(cluster.vm("x0").phase));
  EXPECT_TRUE(cluster.vm("x0").may_run_on.contains(NodeId(to)));
}

TEST_F(OnTheWay, TheTargetDiesAndTheGuestRunsOnAtTheSource) {
  cluster.cut_power(to);
  cluster.view();
  cluster.settle();

  EXPECT_EQ(cluster.host_of("x0"), from);
  EXPECT_TRUE(cluster.is_running("x0"));
}

TEST(GuestDies, IsBootedAgain) {
  TestCluster cluster({1, 2});
  cluster.run("x0");
  const auto home = cluster.host_of("x0");
  cluster.kill_guest("x0");

  cluster.report(home);
  cluster.settle();

  EXPECT_TRUE(cluster.is_running("x0"));
  EXPECT_EQ(cluster.vm("x0").crashes, 1U);
}

TEST(GuestDies, WaitsLongerAfterEachCrash) {
  TestCluster cluster({1, 2});
  cluster.run("x0");
  for (int i = 0; i < 3; ++i) {
    const auto home = cluster.host_of("x0");
    cluster.kill_guest("x0");
    cluster.report(home);
    cluster.settle();
    if (i < 2) cluster.pass(3s);
  }

  EXPECT_EQ(phase_word(cluster.vm("x0")), "waiting");
  EXPECT_GT(cluster.vm("x0").not_before, cluster.state.now);
}

TEST(GuestStarting, AnInventoryReadBeforeTheDecisionDoesNotDenyIt) {
  TestCluster cluster({1});
  cluster.define("x0");
  cluster.want("x0");
  const auto before = cluster.state.index;
  ASSERT_TRUE(cluster.decide_once());

  cluster.report_as_of(1, before);

  EXPECT_TRUE(cluster.vm("x0").may_run_on.contains(NodeId(1)));
}

TEST(GuestStarting, AnInventoryReadWhileItIsBeingStartedDoesNotDenyIt) {
  TestCluster cluster({1});
  cluster.define("x0");
  cluster.want("x0");
  ASSERT_TRUE(cluster.decide_once());

  cluster.report(1, {VmId("x0")});

  EXPECT_TRUE(cluster.vm("x0").may_run_on.contains(NodeId(1)));
}

TEST(StartedBehindOurBack, IsAnAlarmAndIsLeftAlone) {
  TestCluster cluster({1, 2, 3});
  cluster.run("x0");
  const std::uint32_t other = cluster.host_of("x0") == 1 ? 2 : 1;
  cluster.others_start_guests = true;
  cluster.start_behind_our_back("x0", other);

  cluster.report(other);
  cluster.settle();

  EXPECT_EQ(phase_word(cluster.vm("x0")), "alarm");
  EXPECT_EQ(cluster.hosts_of("x0").size(), 2U);
}

TEST(StartedBehindOurBack, AnOperatorsWordLetsTheInventoriesDecide) {
  TestCluster cluster({1, 2, 3});
  cluster.run("x0");
  const std::uint32_t home = cluster.host_of("x0");
  const std::uint32_t other = home == 1 ? 2 : 1;
  cluster.others_start_guests = true;
  cluster.start_behind_our_back("x0", other);
  cluster.report(other);
  cluster.kill_guest("x0");
  cluster.start_behind_our_back("x0", home);

  cluster.want("x0");
  cluster.settle();

  EXPECT_TRUE(cluster.is_running("x0"));
  EXPECT_EQ(cluster.host_of("x0"), home);
}

TEST(Report, IsNewsOnlyIfItTellsWhatIsNotKnown) {
  TestCluster cluster({1, 2});
  cluster.run("x0");
  InventoryReported report{.node = NodeId(cluster.host_of("x0"))};
  report.incarnation = online(cluster.state, report.node)->incarnation;
  report.as_of = cluster.state.index;
  report.capacity = cluster.state.nodes.at(report.node).capacity;
  report.guests = {{VmId("x0"), 256 * 1024, Sighting::running}};
  EXPECT_FALSE(is_news(cluster.state, report));

  auto other_capacity = report;
  other_capacity.capacity.memory_kib += 1;
  EXPECT_TRUE(is_news(cluster.state, other_capacity));

  auto foreign = report;
  foreign.guests.push_back({VmId("y"), 1024, Sighting::running});
  EXPECT_TRUE(is_news(cluster.state, foreign));

  auto gone = report;
  gone.guests.clear();
  EXPECT_TRUE(is_news(cluster.state, gone));
  gone.busy = {VmId("x0")};
  EXPECT_FALSE(is_news(cluster.state, gone)) << "it proves nothing";
}

TEST(ForeignGuests, TakeRoomAndAreLeftAlone) {
  TestCluster cluster({1});
  cluster.start_behind_our_back("private", 1);

  cluster.report(1);

  ASSERT_EQ(cluster.node(1).foreign.size(), 1U);
  EXPECT_FALSE(cluster.state.vms.contains(VmId("private")));
}

}  // namespace
}  // namespace upbeat
