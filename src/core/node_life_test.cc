// SPDX-License-Identifier: Apache-2.0
// What nodes do: join, leave, die, are proved off, are drained, come back.
#include "core/explain.h"
#include "core/test_cluster.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

TEST(NodeLost, FencesItAndStartsNothingBeforeTheProof) {
  TestCluster cluster({1, 2, 3, 4});
  cluster.run("x0");
  const auto dead = cluster.host_of("x0");
  cluster.fence_works = false;

  cluster.cut_power(dead);
  cluster.view();
  cluster.settle();

  EXPECT_TRUE(std::holds_alternative<Lost>(cluster.node(dead).standing));
  EXPECT_EQ(cluster.hosts_of("x0").size(), 0U);
  EXPECT_TRUE(cluster.said("could not be proved off"));
}

TEST(NodeLost, IsWhatItsGuestsAreExplainedToWaitFor) {
  TestCluster cluster({1, 2, 3, 4});
  cluster.run("x0");
  const auto dead = cluster.host_of("x0");
  const auto name = name_of(cluster.state, NodeId(dead));
  cluster.fence_works = false;

  cluster.cut_power(dead);
  cluster.view();
  cluster.settle();

  const auto guest = explain_vm(cluster.state, VmId("x0"));
  EXPECT_EQ(guest[1], "It ran on " + name + " when that was last seen.");
  EXPECT_EQ(guest[2], "It may be running on " + name +
                          ", which is not here; it starts elsewhere only once " + name +
                          " is proved off.");
  const auto node = explain_node(cluster.state, NodeId(dead));
  EXPECT_TRUE(node[1].ends_with("`upbeat node confirm-off " + name + "` if you know that it is."))
      << node[1];
}

TEST(NodeLost, BootsItsGuestsElsewhereOnceItIsProvedOff) {
  TestCluster cluster({1, 2, 3, 4});
  for (const auto* vm : {"x0", "x1", "x2", "x3"}) cluster.run(vm);
  const auto dead = cluster.host_of("x0");

  cluster.cut_power(dead);
  cluster.view();
  cluster.settle();

  EXPECT_TRUE(std::holds_alternative<ProvedOff>(cluster.node(dead).standing));
  EXPECT_TRUE(cluster.is_running("x0"));
  EXPECT_NE(cluster.host_of("x0"), dead);
}

TEST(NodeLost, RetriesTheFenceFromAnotherMemberAndSaysWhyItFailed) {
  TestCluster cluster({1, 2, 3});
  cluster.run("x0");
  const auto dead = cluster.host_of("x0");
  cluster.fence_works = false;
  cluster.cut_power(dead);
  cluster.view();
  cluster.settle();
  ASSERT_EQ(cluster.node(dead).fencing->failures, 1U);

  cluster.fence_works = true;
  cluster.pass(2s);

  EXPECT_TRUE(std::holds_alternative<ProvedOff>(cluster.node(dead).standing));
  EXPECT_TRUE(cluster.is_running("x0"));
}

TEST(NodeLost, IsNotFencedWhenNoGuestMayRunThere) {
  TestCluster cluster({1, 2, 3});

  cluster.cut_power(3);
  cluster.view();
  cluster.settle();

  EXPECT_TRUE(std::holds_alternative<Lost>(cluster.node(3).standing));
  EXPECT_FALSE(cluster.said("proves it off"));
}

TEST(NodeLost, GuestsStayWhereTheyAreWhenItComesBackBeforeItIsProvedOff) {
  TestCluster cluster({1, 2, 3});
  cluster.run("x0");
  const auto away = cluster.host_of("x0");
  cluster.fence_works = false;
  cluster.separate(away);
  cluster.view();
  cluster.settle();

  cluster.rejoin(away);
  cluster.view();
  cluster.settle();

  EXPECT_EQ(cluster.host_of("x0"), away);
  EXPECT_TRUE(cluster.is_running("x0"));
}

TEST(NodeLost, AnOperatorsWordIsProof) {
  TestCluster cluster({1, 2, 3});
  cluster.run("x0");
  const auto dead = cluster.host_of("x0");
  cluster.fence_works = false;
  cluster.cut_power(dead);
  cluster.view();
  cluster.settle();

  cluster.apply(OffConfirmed{NodeId(dead), "alice"});
  cluster.settle();

  EXPECT_TRUE(cluster.is_running("x0"));
  EXPECT_TRUE(cluster.said("was proved off: alice says so"));
}

TEST(NodeLost, AnOperatorsWordDoesNotCountForANodeThatIsOnline) {
  TestCluster cluster({1, 2, 3});

  cluster.apply(OffConfirmed{NodeId(2), "alice"});

  EXPECT_TRUE(cluster.state.refused.contains("it is online"));
}

TEST(DaemonRestart, MovesAndStopsNoGuest) {
  TestCluster cluster({1, 2, 3});
  cluster.run("x0");
  const auto home = cluster.host_of("x0");
  cluster.stop_daemon(home);
  cluster.view();
  cluster.settle();
  ASSERT_EQ(cluster.host_of("x0"), home);

  cluster.restart_daemon(home);
  cluster.view();
  cluster.settle();

  EXPECT_EQ(cluster.host_of("x0"), home);
  EXPECT_TRUE(cluster.is_running("x0"));
  EXPECT_FALSE(cluster.said("was lost"));
}

TEST(Drain, MovesEveryGuestAwayLiveAndKeepsTheNodeEmpty) {
  TestCluster cluster({1, 2, 3, 4});
  for (const auto* vm : {"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7"}) cluster.run(vm);

  cluster.drain(1);
  cluster.settle();

  EXPECT_TRUE(is_empty(cluster.state, NodeId(1)));
  EXPECT_EQ(standing_word(cluster.state, NodeId(1)), "drained");
  for (const auto* vm : {"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7"}) {
    EXPECT_TRUE(cluster.is_running(vm)) << vm;
    EXPECT_EQ(cluster.vm(vm).start_failures, 0U);
  }
}

std::ptrdiff_t on_their_way(const TestCluster& cluster) {
  return std::ranges::count_if(cluster.state.vms, [](const auto& each) {
    return std::holds_alternative<Migrating>(each.second.phase);
  });
}

TEST(Drain, SendsTwoSmallGuestsAtOnceAndNoMore) {
  TestCluster cluster({1, 2, 3}, 2048);
  for (const auto* vm : {"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8"}) cluster.run(vm);

  cluster.drain(1);
  cluster.decide_once();

  EXPECT_EQ(on_their_way(cluster), 2);
}

TEST(Drain, LeavesTheWireToALargeGuestUntilItIsNearlyThere) {
  TestCluster cluster({1, 2}, 16384);
  cluster.run("x0", 4096);
  cluster.run("x1", 4096);
  cluster.run("x2");
  ASSERT_EQ(cluster.host_of("x2"), 1U);
  cluster.stuck = {"x0", "x2"};
  cluster.drain(1, DrainCause::maintenance);
  cluster.settle();
  EXPECT_EQ(on_their_way(cluster), 1);

  const auto progress = [&](std::uint64_t left_kib) {
    cluster.apply(MigrationProgressed{.vm = VmId("x0"),
                                      .memory_total_kib = 4'194'304,
                                      .memory_left_kib = left_kib,
                                      .rate_kib_per_s = 100'000});
    cluster.settle();
  };
  progress(1'000'000);
  EXPECT_EQ(on_their_way(cluster), 1) << "ten seconds are left";
  progress(300'000);
  EXPECT_EQ(on_their_way(cluster), 2) << "and now three";
}

TEST(Drain, RetriesAFailedMigrationAndNeverStopsTheGuest) {
  TestCluster cluster({1, 2, 3});
  cluster.run("x0");
  const auto home = cluster.host_of("x0");
  cluster.fail_migrate.insert("x0");
  cluster.drain(home);
  cluster.settle();
  ASSERT_EQ(cluster.host_of("x0"), home);
  ASSERT_TRUE(cluster.is_running("x0"));

  cluster.fail_migrate.clear();
  cluster.pass(5s);

  EXPECT_NE(cluster.host_of("x0"), home);
  EXPECT_TRUE(cluster.said("could not move from"));
}

TEST(Drain, IsRefusedWhenTheRoomIsForGuestsThatHaveYetToLeaveAnotherNode) {
  TestCluster cluster({1, 2, 3, 4});
  for (const auto* vm : {"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7"}) cluster.run(vm);

  cluster.drain(1);
  cluster.drain(2);

  EXPECT_TRUE(cluster.state.refused.contains("nothing was moved")) << cluster.state.refused;
  EXPECT_FALSE(cluster.node(2).drain);
}

TEST(Drain, OfTheLastNodeIsRefused) {
  TestCluster cluster({1, 2, 3});
  cluster.drain(1);
  cluster.drain(2);

  cluster.drain(3);

  EXPECT_TRUE(cluster.state.refused.contains("it is the last node that can run VMs"));
  EXPECT_FALSE(cluster.node(3).drain);
}

TEST(Drain, IsRefusedAndMovesNothingWhenTheRestHasNoRoom) {
  TestCluster cluster({1, 2});
  for (const auto* vm : {"x0", "x1", "x2", "x3"}) cluster.run(vm);
  const auto home = cluster.host_of("x0");

  cluster.drain(home);
  EXPECT_TRUE(cluster.state.refused.contains("nothing was moved")) << cluster.state.refused;
  cluster.settle();

  EXPECT_TRUE(cluster.is_running("x0"));
  EXPECT_EQ(cluster.host_of("x0"), home);
  EXPECT_FALSE(cluster.node(home).drain);
}

TEST(Drain, OfAnUnknownNodeNamesTheCommandThatListsThem) {
  TestCluster cluster({1});

  cluster.drain(9);

  EXPECT_TRUE(cluster.state.refused.contains("`upbeat node list` shows its nodes"));
}

TEST(Shutdown, LeavesCleanlyWhenEmptyAndIsNeverFenced) {
  TestCluster cluster({1, 2, 3});
  cluster.run("x0");
  const auto home = cluster.host_of("x0");
  cluster.drain(home, DrainCause::shutdown);
  cluster.settle();
  cluster.apply(NodeLeaving{NodeId(home)});

  cluster.cut_power(home);
  cluster.view();
  cluster.settle();

  EXPECT_TRUE(std::holds_alternative<Left>(cluster.node(home).standing));
  EXPECT_TRUE(cluster.is_running("x0"));
  EXPECT_FALSE(cluster.said("proves it off"));
}

TEST(Shutdown, CannotLeaveCleanlyWhileAGuestMayRunThere) {
  TestCluster cluster({1, 2});
  cluster.run("x0");

  cluster.apply(NodeLeaving{NodeId(cluster.host_of("x0"))});

  EXPECT_TRUE(cluster.state.refused.contains("may still run guests"));
}

TEST(Shutdown, DoesNotLeaveCleanlyWithAGuestThatSomebodyStartedThereSince) {
  TestCluster cluster({1, 2, 3});
  cluster.others_start_guests = true;
  cluster.define("x0");
  cluster.drain(1, DrainCause::shutdown);
  cluster.apply(NodeLeaving{NodeId(1)});
  cluster.start_behind_our_back("x0", 1);
  cluster.report(1);

  cluster.cut_power(1);
  cluster.view();

  EXPECT_TRUE(std::holds_alternative<Lost>(cluster.node(1).standing));
  EXPECT_TRUE(cluster.said("since it said that it was empty, a guest was seen on it"));
  cluster.settle();
  EXPECT_TRUE(cluster.vm("x0").may_run_on.empty()) << "the node was proved off";
}

TEST(Shutdown, ItsDrainEndsWhenTheNodeIsBackAndAnOperatorsDoesNot) {
  TestCluster cluster({1, 2, 3});
  cluster.drain(1, DrainCause::shutdown);
  cluster.drain(2, DrainCause::operator_request);
  cluster.drain(2, DrainCause::shutdown);

  cluster.power_on(1);
  cluster.power_on(2);
  cluster.view();
  cluster.settle();

  EXPECT_FALSE(cluster.node(1).drain);
  EXPECT_TRUE(cluster.node(2).drain);
}

TEST(ColdStart, StartsNoGuestThatAnUnseenNodeMayStillRun) {
  TestCluster cluster({1, 2, 3});
  cluster.run("x0");
  const auto home = cluster.host_of("x0");
  for (const std::uint32_t node : {1U, 2U, 3U}) {
    if (node != home) cluster.restart_daemon(node);
  }
  cluster.separate(home);

  cluster.view(Continuity::cold);
  cluster.settle();
  cluster.pass(30s);

  EXPECT_TRUE(std::holds_alternative<Unseen>(cluster.node(home).standing));
  EXPECT_EQ(cluster.host_of("x0"), home);
}

TEST(ColdStart, ProvesAnUnseenNodeOffAfterItsGraceAndBootsItsGuests) {
  TestCluster cluster({1, 2, 3});
  cluster.run("x0");
  const auto home = cluster.host_of("x0");
  cluster.cut_power(home);
  cluster.view(Continuity::cold);
  cluster.settle();

  cluster.pass(unseen_grace + 2s);

  EXPECT_TRUE(std::holds_alternative<ProvedOff>(cluster.node(home).standing));
  EXPECT_TRUE(cluster.is_running("x0"));
}

TEST(ColdStart, BootsEverythingWhenAllNodesAreBackEmpty) {
  TestCluster cluster({1, 2, 3});
  for (const auto* vm : {"x0", "x1", "x2"}) cluster.run(vm);
  for (const std::uint32_t node : {1U, 2U, 3U}) cluster.power_on(node);

  cluster.view(Continuity::cold);
  cluster.settle();

  for (const auto* vm : {"x0", "x1", "x2"}) EXPECT_TRUE(cluster.is_running(vm)) << vm;
}

TEST(Coordinator, IsTheEldestMember) {
  TestCluster cluster({1, 2, 3});
  cluster.restart_daemon(1);

  cluster.view();

  EXPECT_EQ(coordinator(cluster.state), NodeId(2));
}

TEST(Decisions, OfAnotherViewAreIgnored) {
  TestCluster cluster({1, 2});
  cluster.define("x0");
  cluster.want("x0");
  const auto stale = decide(cluster.state);
  const auto epoch = cluster.state.epoch;
  cluster.view();

  cluster.apply(Decided{epoch, stale});

  EXPECT_TRUE(std::holds_alternative<Stopped>(cluster.vm("x0").phase));
}

}  // namespace
}  // namespace upbeat
