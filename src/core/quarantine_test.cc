// SPDX-License-Identifier: Apache-2.0
// Nodes that are lost again and again, and losses that are not theirs.
#include "core/evacuation.h"
#include "core/explain.h"
#include "core/test_cluster.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

/// The node is cut off, and after a while its cable is in again.
void flap(TestCluster& cluster, std::uint32_t node, std::chrono::milliseconds away = 1s) {
  cluster.separate(node);
  cluster.view();
  cluster.settle();
  cluster.pass(away);
  cluster.rejoin(node);
  cluster.view();
  cluster.settle();
  cluster.pass(1s);
}

/// Four nodes, of which node4 was lost three times within seconds, and is back.
TestCluster flapping() {
  TestCluster cluster({1, 2, 3, 4});
  for (int times = 0; times < 3; ++times) flap(cluster, 4);
  return cluster;
}

TEST(Quarantine, TakesNoGuestAfterTheThirdLossAndSaysWhatEndsIt) {
  TestCluster cluster({1, 2, 3, 4});
  flap(cluster, 4);
  flap(cluster, 4);
  EXPECT_EQ(standing_word(cluster.state, NodeId(4)), "online");
  flap(cluster, 4);

  for (const auto* vm : {"x0", "x1", "x2", "x3"}) cluster.run(vm);

  EXPECT_EQ(standing_word(cluster.state, NodeId(4)), "quarantined");
  EXPECT_TRUE(is_empty(cluster.state, NodeId(4)));
  EXPECT_TRUE(cluster.said(
      "node4 is quarantined: it was lost 3 times within 1 h; it takes no VMs until `upbeat "
      "undrain node4`"));
  EXPECT_EQ(why_closed(cluster.state, NodeId(4)),
            "is quarantined (it was lost 3 times within 1 h; `upbeat undrain node4` ends that)");
  EXPECT_TRUE(explain_node(cluster.state, NodeId(4))[1].starts_with("It is quarantined and takes"));
}

TEST(Quarantine, DoesNotForgetALossByWhichTheNodeWasProvedOff) {
  TestCluster cluster({1, 2, 3, 4});
  cluster.run("x0");
  for (int times = 0; times < 3; ++times) {
    if (cluster.host_of("x0") != 4) cluster.migrate("x0", 4);
    cluster.settle();
    ASSERT_EQ(cluster.host_of("x0"), 4U);
    cluster.pass(10s);
    cluster.cut_power(4);
    cluster.view();
    cluster.settle();
    cluster.power_on(4);
    cluster.view();
    cluster.settle();
  }

  EXPECT_EQ(cluster.times_said("node4 was proved off: "), 3);
  EXPECT_TRUE(cluster.node(4).quarantine);
}

TEST(Quarantine, EndsByAnOperatorsWordAndCountsFromNothingThen) {
  auto cluster = flapping();

  cluster.apply(UndrainRequested{NodeId(4)});
  EXPECT_EQ(standing_word(cluster.state, NodeId(4)), "online");
  flap(cluster, 4);
  flap(cluster, 4);
  EXPECT_FALSE(cluster.node(4).quarantine);
  flap(cluster, 4);

  EXPECT_TRUE(cluster.node(4).quarantine);
}

/// Nearly as much later as a quarantine lasts; in Ticks that would be thousands.
void long_after(TestCluster& cluster) {
  cluster.state.now += quarantine_quiet - 1min;
  cluster.pass(1s);
}

TEST(Quarantine, EndsAfterADayWithoutALossAndNotBefore) {
  auto cluster = flapping();

  long_after(cluster);
  EXPECT_TRUE(cluster.node(4).quarantine);
  flap(cluster, 4);
  long_after(cluster);
  EXPECT_TRUE(cluster.node(4).quarantine) << "it was lost meanwhile";
  cluster.pass(2min);

  EXPECT_FALSE(cluster.node(4).quarantine);
  EXPECT_TRUE(cluster.said("node4 takes VMs again: it was not lost for 24 h"));
}

TEST(Quarantine, CountsLossesLongAgo) {
  TestCluster cluster({1, 2, 3, 4});
  flap(cluster, 4);
  flap(cluster, 4);
  cluster.pass(1h);

  flap(cluster, 4);

  EXPECT_FALSE(cluster.node(4).quarantine);
}

TEST(Quarantine, FollowsAnotherPolicyOrComesThoughItIsSwitchedOff) {
  TestCluster cluster({1, 2, 3, 4});
  cluster.apply(PolicySet{.quarantine_losses = 0});
  for (int times = 0; times < 5; ++times) flap(cluster, 4);
  EXPECT_FALSE(cluster.node(4).quarantine);

  cluster.apply(PolicySet{.quarantine_losses = 1, .quarantine_window_s = 90});
  flap(cluster, 4);

  EXPECT_TRUE(cluster.said("it was lost 1 times within 90.0 s"));
  cluster.apply(PolicySet{.quarantine_losses = quarantine_losses_limit + 1});
  EXPECT_TRUE(cluster.state.refused.contains("are more than the limit of 100"));
  cluster.apply(PolicySet{.quarantine_window_s = 1});
  EXPECT_TRUE(cluster.state.refused.contains("choose 60 to 604800"));
}

TEST(Quarantine, IsNotForRebootsAndRestartsOfDaemonsOrOfCorosync) {
  TestCluster cluster({1, 2, 3});
  for (int times = 0; times < 4; ++times) {
    cluster.drain(3, DrainCause::shutdown);
    cluster.apply(NodeLeaving{NodeId(3)});
    cluster.cut_power(3);
    cluster.view();
    cluster.power_on(3);
    cluster.view();
    cluster.settle();
    cluster.stop_daemon(3);
    cluster.view();
    cluster.separate(3);
    cluster.view();
    cluster.rejoin(3);
    cluster.restart_daemon(3);
    cluster.view();
    cluster.settle();
  }

  EXPECT_FALSE(cluster.node(3).quarantine);
  EXPECT_TRUE(cluster.node(3).losses.empty());
}

TEST(Quarantine, LeavesGuestsOnTheNodeWhereOthersHaveRoomOrStopsThem) {
  TestCluster cluster({1, 2, 3, 4}, 512);
  cluster.fence_works = false;
  for (const auto* vm : {"x0", "x1", "x2", "x3"}) cluster.run(vm);
  cluster.run("x4");
  const auto flapper = cluster.host_of("x4");
  const auto other = flapper == 1 ? 2U : 1U;
  cluster.run("big", 512);  // fills what is left of some node, or waits

  for (int times = 0; times < 3; ++times) flap(cluster, flapper);
  cluster.settle();

  EXPECT_TRUE(cluster.node(flapper).quarantine);
  EXPECT_TRUE(is_empty(cluster.state, NodeId(flapper))) << "there was room for both";
  for (const auto* vm : {"x0", "x1", "x2", "x3", "x4"}) EXPECT_TRUE(cluster.is_running(vm)) << vm;
  EXPECT_FALSE(is_empty(cluster.state, NodeId(other)));
}

TEST(Quarantine, MovesAGuestThatFindsNoPlaceOrLetsItWait) {
  TestCluster cluster({1, 2, 3}, 256);
  cluster.fence_works = false;
  for (const auto* vm : {"x0", "x1", "x2"}) cluster.run(vm);

  for (int times = 0; times < 3; ++times) flap(cluster, 3);
  cluster.pass(10s);

  ASSERT_TRUE(cluster.node(3).quarantine);
  for (const auto* vm : {"x0", "x1", "x2"}) {
    EXPECT_TRUE(cluster.is_running(vm)) << vm;
    EXPECT_EQ(cluster.vm(vm).waits_for, "") << vm;
  }
}

TEST(Quarantine, CountsAsANodeThatCouldTakeOver) {
  TestCluster cluster({1, 2, 3});
  cluster.drain(2);
  for (int times = 0; times < 3; ++times) flap(cluster, 3);

  cluster.drain(1);

  EXPECT_TRUE(cluster.state.refused.contains("it is the last node that can run VMs"));
}

TEST(Quarantine, TakesTheEldestItsPartOfTheCoordinator) {
  auto cluster = flapping();
  EXPECT_NE(coordinator(cluster.state), NodeId(4)) << "who came back last is the youngest";

  for (const std::uint32_t node : {1U, 2U, 3U}) cluster.restart_daemon(node);
  cluster.view();

  EXPECT_EQ(coordinator(cluster.state), NodeId(4));
}

// --- an outage of the whole network
// ----------------------------------------------------------------

/// All nodes lost each other; some hear each other again.
void outage(TestCluster& cluster, std::vector<std::uint32_t> still_away) {
  for (const auto node : still_away) cluster.separate(node);
  cluster.view(Continuity::regained);
  cluster.settle();
}

TEST(QuorumRegained, FencesANodeThatIsBackAMomentLater) {
  TestCluster cluster({1, 2, 3, 4});
  for (const auto* vm : {"x0", "x1", "x2", "x3"}) cluster.run(vm);

  outage(cluster, {4});
  cluster.pass(settle_grace - 1s);
  EXPECT_FALSE(cluster.said("proves it off"));
  EXPECT_EQ(explain_node(cluster.state, NodeId(4))[1],
            "It was not back when quorum was regained: it has 1.0 s to come before it is proved "
            "off.");
  cluster.rejoin(4);
  cluster.view();
  cluster.pass(1min);

  EXPECT_FALSE(cluster.said("proves it off"));
  EXPECT_TRUE(cluster.node(4).losses.empty()) << "that was no flap of its own";
  for (const auto* vm : {"x0", "x1", "x2", "x3"}) EXPECT_TRUE(cluster.is_running(vm)) << vm;
}

TEST(QuorumRegained, WaitsForEverForANodeThatStaysAway) {
  TestCluster cluster({1, 2, 3, 4});
  for (const auto* vm : {"x0", "x1", "x2", "x3"}) cluster.run(vm);
  cluster.cut_power(4);

  outage(cluster, {});
  cluster.pass(settle_grace);

  EXPECT_TRUE(cluster.said("it was not back within 30.0 s after the quorum"));
  EXPECT_TRUE(std::holds_alternative<ProvedOff>(cluster.node(4).standing));
  EXPECT_EQ(cluster.node(4).losses.size(), 1U);
  for (const auto* vm : {"x0", "x1", "x2", "x3"}) EXPECT_TRUE(cluster.is_running(vm)) << vm;
}

TEST(QuorumRegained, GivesANodeThatWasLostBeforeNoTimeAnew) {
  TestCluster cluster({1, 2, 3, 4});
  for (const auto* vm : {"x0", "x1", "x2", "x3"}) cluster.run(vm);
  cluster.fence_works = false;
  cluster.separate(4);
  cluster.view();
  cluster.settle();
  ASSERT_EQ(cluster.times_said("proves it off"), 1);

  cluster.fence_works = true;
  cluster.view(Continuity::regained);
  cluster.pass(settle_grace - 1s);

  EXPECT_EQ(cluster.times_said("proves it off"), 1);
  cluster.pass(1s);
  EXPECT_EQ(cluster.times_said("proves it off"), 2);
}

TEST(QuorumRegained, DelaysTheNextOrdinaryLoss) {
  TestCluster cluster({1, 2, 3, 4});
  for (const auto* vm : {"x0", "x1", "x2", "x3"}) cluster.run(vm);
  outage(cluster, {});

  cluster.cut_power(4);
  cluster.view();
  cluster.settle();

  EXPECT_TRUE(std::holds_alternative<ProvedOff>(cluster.node(4).standing));
}

}  // namespace
}  // namespace upbeat
