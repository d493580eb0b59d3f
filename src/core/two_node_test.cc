// SPDX-License-Identifier: Apache-2.0
// A part without a majority that has quorum all the same: it begins nothing before all others are
// gone for sure, and of two such parts one yields.
#include <gtest/gtest.h>

#include "core/explain.h"
#include "core/test_cluster.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;
using testing::Test;

/// Two nodes; x0 and x1 run on one of them, `busy`, and nothing on the other, `idle`.
class TwoNodes : public Test {
 protected:
  void SetUp() override {
    cluster.run("x0");
    busy = cluster.host_of("x0");
    idle = 3 - busy;
    cluster.run("x1");
    if (cluster.host_of("x1") != busy) {
      cluster.migrate("x1", busy);
      cluster.settle();
    }
    ASSERT_EQ(cluster.host_of("x1"), busy);
  }
  /// The view of those that are left when this one does not answer.
  void lose(std::uint32_t node) {
    cluster.separate(node);
    cluster.view();
    cluster.settle();
  }
  [[nodiscard]] bool proved_off(std::uint32_t node) const {
    return std::holds_alternative<ProvedOff>(cluster.node(node).standing);
  }

  TestCluster cluster{{1, 2}};
  std::uint32_t busy = 0;
  std::uint32_t idle = 0;
};

TEST_F(TwoNodes, ProveTheOtherOffAtOnceWhenTheyHaveMoreGuests) {
  lose(idle);

  EXPECT_TRUE(proved_off(idle)) << "the empty one would shoot the one with guests in a moment";
  EXPECT_TRUE(cluster.said("without a majority one of us two has to be off"));
  EXPECT_EQ(cluster.state.term, 2U);
}

TEST_F(TwoNodes, LeaveTheFirstShotToTheOneWithMoreGuests) {
  lose(busy);

  cluster.pass(fence_head_start - 1ms);
  EXPECT_FALSE(proved_off(busy));
  EXPECT_EQ(cluster.hosts_of("x0").size(), 1U);
  cluster.pass(1ms);

  EXPECT_TRUE(proved_off(busy));
  EXPECT_EQ(cluster.host_of("x0"), idle);
  EXPECT_EQ(cluster.host_of("x1"), idle);
}

TEST_F(TwoNodes, WithoutAFenceDeviceBeginNothingUntilAnOperatorSpeaks) {
  cluster.fence_works = false;
  cluster.define("x2");
  lose(busy);
  cluster.pass(60s);

  EXPECT_EQ(why_nothing_begins(cluster.state),
            "node" + std::to_string(busy) +
                " is lost and not proved off, and may be the one that "
                "goes on");
  cluster.want("x2");
  EXPECT_TRUE(cluster.state.refused.starts_with("cannot do that now: node"))
      << cluster.state.refused;
  EXPECT_EQ(cluster.state.term, 0U);

  cluster.cut_power(busy);
  cluster.apply(OffConfirmed{NodeId(busy), "root"});
  cluster.settle();

  EXPECT_EQ(cluster.state.term, 2U);
  EXPECT_EQ(cluster.host_of("x0"), idle);
  cluster.want("x2");
  EXPECT_EQ(cluster.state.refused, "");
}

TEST_F(TwoNodes, DoNotStartAnewWhatCrashedWhileTheOtherMayGoOn) {
  cluster.fence_works = false;
  lose(idle);
  cluster.kill_guest("x0");
  cluster.report(busy);
  cluster.pass(30s);

  EXPECT_TRUE(cluster.hosts_of("x0").empty());
  EXPECT_TRUE(cluster.vm("x0").waits_for.contains("is lost and not proved off"));
}

TEST_F(TwoNodes, GoOnAtOnceWhenTheOtherHasLeftCleanly) {
  cluster.drain(idle, DrainCause::shutdown);
  cluster.apply(NodeLeaving{.node = NodeId(idle)});
  lose(idle);

  EXPECT_FALSE(proved_off(idle));
  EXPECT_EQ(why_nothing_begins(cluster.state), "");
  EXPECT_EQ(cluster.state.term, 1U) << "less than a proof: who has left may have stayed";
}

TEST_F(TwoNodes, TakeNoGoodByeForGoneWhenTheyHadSaidOneThemselves) {
  for (const auto* vm : {"x0", "x1"}) cluster.want(vm, Wanted::stopped);
  cluster.settle();
  for (const auto node : {1U, 2U}) {
    cluster.drain(node, DrainCause::shutdown);
    cluster.apply(NodeLeaving{.node = NodeId(node)});
  }
  lose(2);

  EXPECT_TRUE(std::holds_alternative<Lost>(cluster.node(2).standing));
  EXPECT_NE(why_nothing_begins(cluster.state), "");
  cluster.pass(30s);
  EXPECT_FALSE(proved_off(2)) << "who goes down itself has no reason to shoot";
}

TEST_F(TwoNodes, WaitForADaemonThatWentFirst) {
  cluster.stop_daemon(busy);
  cluster.view();
  lose(busy);

  cluster.pass(restart_grace - 1ms);
  EXPECT_FALSE(proved_off(busy));
}

TEST(FourNodes, OfWhichTwoHaveQuorumBeginNothingBeforeBothOthersAreOff) {
  TestCluster cluster{{1, 2, 3, 4}};
  cluster.fence_works = false;
  cluster.run("x0");
  cluster.define("x1");
  for (const auto node : {3U, 4U}) cluster.separate(node);
  cluster.view();
  cluster.pass(10s);
  cluster.apply(OffConfirmed{NodeId(3), "root"});
  EXPECT_EQ(cluster.state.term, 0U);
  EXPECT_EQ(why_nothing_begins(cluster.state),
            "node4 is lost and not proved off, and may be the one that goes on");
  cluster.apply(OffConfirmed{NodeId(4), "root"});
  EXPECT_EQ(cluster.state.term, 2U);
  EXPECT_EQ(why_nothing_begins(cluster.state), "");
}

}  // namespace
}  // namespace upbeat
