// SPDX-License-Identifier: Apache-2.0
// Maintenance: a drain that outlives reboots, and takes what can leave.
#include "core/explain.h"
#include "core/test_cluster.h"

namespace upbeat {
namespace {

TEST(Maintenance, IsRefusedBecauseGuestsFindNoPlaceOrForgetsThem) {
  TestCluster cluster({1, 2});
  for (const auto* vm : {"x0", "x1", "x2", "x3"}) cluster.run(vm);
  cluster.drain(1, DrainCause::maintenance);
  EXPECT_EQ(cluster.state.refused, "");
  cluster.settle();
  EXPECT_EQ(standing_word(cluster.state, NodeId(1)), "maintenance");
  EXPECT_TRUE(cluster.said("waits: node1 is in maintenance (test), but "));
  ASSERT_FALSE(is_empty(cluster.state, NodeId(1)));

  cluster.want("x3", Wanted::stopped);
  cluster.settle();

  EXPECT_TRUE(is_empty(cluster.state, NodeId(1)));
  for (const auto* vm : {"x0", "x1", "x2"}) EXPECT_EQ(cluster.host_of(vm), 2U) << vm;
}

TEST(Maintenance, EndsWithARebootOrAnotherDrainAndNotWhenAnOperatorEndsIt) {
  TestCluster cluster({1, 2, 3});
  cluster.drain(1, DrainCause::maintenance);
  cluster.drain(1, DrainCause::shutdown);
  cluster.apply(NodeLeaving{NodeId(1)});
  cluster.cut_power(1);
  cluster.view();
  cluster.power_on(1);
  cluster.view();
  cluster.drain(1, DrainCause::operator_request);
  cluster.settle();
  EXPECT_EQ(standing_word(cluster.state, NodeId(1)), "maintenance");

  cluster.apply(UndrainRequested{NodeId(1)});

  EXPECT_EQ(standing_word(cluster.state, NodeId(1)), "online");
}

TEST(Maintenance, OfTheLastNodeOrOfAnUnknownOneIsGranted) {
  TestCluster cluster({1, 2});
  cluster.drain(9, DrainCause::maintenance);
  EXPECT_TRUE(cluster.state.refused.contains("this cluster has no node #9"));
  cluster.drain(1, DrainCause::maintenance);
  cluster.drain(2, DrainCause::maintenance);
  EXPECT_TRUE(cluster.state.refused.contains(
      "cannot put node2 into maintenance: it is the last node that can run VMs"));
}

TEST(Maintenance, OfANodeThatIsOffIsRefusedOrForgottenWhenItComes) {
  TestCluster cluster({1, 2, 3});
  cluster.cut_power(3);
  cluster.view();
  cluster.drain(3, DrainCause::maintenance);
  cluster.power_on(3);
  cluster.view();
  cluster.settle();
  cluster.run("x0");

  EXPECT_EQ(standing_word(cluster.state, NodeId(3)), "maintenance");
  EXPECT_NE(cluster.host_of("x0"), 3U);
}

}  // namespace
}  // namespace upbeat
