// SPDX-License-Identifier: Apache-2.0
// A node whose daemon goes before its host does, as where Corosync is restarted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/explain.h"
#include "core/test_cluster.h"

namespace upbeat {
namespace {

TEST(NodeLostAfterItsDaemon, HasTimeToComeBackBeforeItIsFenced) {
  TestCluster cluster({1, 2, 3, 4});
  cluster.run("x0");
  const auto node = cluster.host_of("x0");
  cluster.stop_daemon(node);
  cluster.view();
  cluster.separate(node);
  cluster.view();
  cluster.pass(restart_grace - ClusterTime(1000));
  EXPECT_FALSE(cluster.said("proves it off"));
  EXPECT_THAT(
      explain_node(cluster.state, NodeId(node)),
      testing::Contains("Its daemon went first, as when Corosync is restarted: it has 1.0 s "
                        "to be back before it is proved off."));

  cluster.rejoin(node);
  cluster.restart_daemon(node);
  cluster.view();
  cluster.settle();
  cluster.report(node);
  cluster.settle();
  EXPECT_EQ(cluster.host_of("x0"), node);
  EXPECT_TRUE(cluster.is_running("x0"));
  EXPECT_FALSE(cluster.said("proves it off"));
}

TEST(NodeLostAfterItsDaemon, IsFencedIfItDoesNotComeBack) {
  TestCluster cluster({1, 2, 3, 4});
  cluster.run("x0");
  const auto node = cluster.host_of("x0");
  cluster.stop_daemon(node);
  cluster.view();
  cluster.cut_power(node);
  cluster.view();
  cluster.pass(restart_grace);
  EXPECT_NE(cluster.host_of("x0"), node);
  EXPECT_TRUE(cluster.is_running("x0"));
}

}  // namespace
}  // namespace upbeat
