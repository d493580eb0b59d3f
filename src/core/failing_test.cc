// SPDX-License-Identifier: Apache-2.0
// Hosts that are about to fail: their guests leave, and where all of them are, nothing is lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/explain.h"
#include "core/requests.h"
#include "core/test_cluster.h"

namespace upbeat {
namespace {

using std::chrono::seconds;

/// Three nodes and a guest on one of them.
class FailingNodes : public testing::Test {
 protected:
  void SetUp() override {
    cluster.run("x0");
    home = cluster.host_of("x0");
    other = home % 3 + 1;
    third = other % 3 + 1;
  }
  void fail(const std::vector<std::uint32_t>& nodes) {
    for (const auto node : nodes) cluster.drain(node, DrainCause::failing);
    cluster.settle();
  }

  TestCluster cluster{{1, 2, 3}};
  std::uint32_t home = 0;
  std::uint32_t other = 0;
  std::uint32_t third = 0;
};

TEST_F(FailingNodes, AreLeftByTheirGuests) {
  fail({home, other});
  EXPECT_EQ(cluster.host_of("x0"), third);
}

TEST_F(FailingNodes, KeepTheirGuestsWhereNoOtherNodeIs) {
  fail({1, 2, 3});
  cluster.pass(seconds(3600));
  EXPECT_EQ(cluster.host_of("x0"), home);
  EXPECT_FALSE(cluster.said("moves from"));
}

TEST_F(FailingNodes, StartAGuestThatIsDownWhereItWasRatherThanNowhere) {
  fail({1, 2, 3});
  cluster.kill_guest("x0");
  cluster.report(home);
  cluster.pass(seconds(60));
  EXPECT_TRUE(cluster.is_running("x0"));
  EXPECT_EQ(cluster.host_of("x0"), home);
}

TEST_F(FailingNodes, StartTheGuestOfOneThatDiedRatherThanNobody) {
  fail({1, 2, 3});
  cluster.cut_power(home);
  cluster.view();
  cluster.pass(seconds(60));
  EXPECT_TRUE(cluster.is_running("x0"));
  EXPECT_TRUE(cluster.said("no node can take it but such as are about to fail: of these, node"));
}

TEST_F(FailingNodes, TakeTheGuestsOfOneThatGoesDownRatherThanHaveThemShutDown) {
  fail({1, 2, 3});
  cluster.drain(home, DrainCause::shutdown, seconds(600));
  cluster.settle();
  EXPECT_TRUE(cluster.is_running("x0"));
  EXPECT_NE(cluster.host_of("x0"), home);
  EXPECT_FALSE(cluster.said("is asked to shut down"));
}

TEST_F(FailingNodes, TakeNobodyFromAnOperatorsDrain) {
  fail({other, third});
  const DrainRequested asked{NodeId(home), DrainCause::operator_request, "", {}};
  EXPECT_FALSE(check_request(cluster.state, asked));
}

TEST_F(FailingNodes, TakeNothingWhileOneIsWell) {
  fail({other});
  cluster.cut_power(home);
  cluster.view();
  cluster.pass(seconds(60));
  EXPECT_EQ(cluster.host_of("x0"), third);
}

TEST_F(FailingNodes, AreStillAboutToFailWhenTheirDaemonOrTheyThemselvesAreBack) {
  fail({home});
  ASSERT_NE(cluster.host_of("x0"), home);
  cluster.restart_daemon(home);
  cluster.view();
  cluster.report(home);
  EXPECT_TRUE(cluster.node(home).drain);
  cluster.cut_power(home);
  cluster.view();
  cluster.power_on(home);
  cluster.view();
  EXPECT_TRUE(cluster.node(home).drain) << "until the node itself says that it is well";
  cluster.apply(NodeLeaving{.node = NodeId(home), .stays = true});
  EXPECT_FALSE(cluster.node(home).drain);
}

}  // namespace
}  // namespace upbeat
