// SPDX-License-Identifier: Apache-2.0
// A migration whose target dies on the way, and what a source that hangs may still do with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/decide.h"
#include "core/explain.h"
#include "core/test_cluster.h"

namespace upbeat {
namespace {

using testing::Contains;
using testing::HasSubstr;

class CalledOff : public testing::Test {
 protected:
  // x0 is on its way, the target is proved off, and the source has not ended its part.
  void SetUp() override {
    cluster.run("x0");
    from = cluster.host_of("x0");
    cluster.migrate("x0");
    ASSERT_TRUE(cluster.decide_once());
    const auto migrating = std::get<Migrating>(cluster.vm("x0").phase);
    to = migrating.to.get();
    since = migrating.since;
    cluster.cut_power(to);
    cluster.view();
    ASSERT_TRUE(cluster.decide_once());
    cluster.apply(FenceReported{NodeId(to), coordinator(cluster.state), true, "its outlet is off"});
  }

  void source_ends_it(bool success) {
    MigrationEnded ended{.vm = x0, .from = NodeId(from), .to = NodeId(to), .since = since};
    ended.success = success;
    ended.why = success ? "" : "it was cancelled";
    cluster.apply(ended);
  }
  void target_is_back() {
    cluster.power_on(to);
    cluster.view();
  }

  const VmId x0{"x0"};
  TestCluster cluster{{1, 2, 3, 4}};
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  EventIndex since;
};

TEST_F(CalledOff, IsTheSourcesDutyUntilItSaysThatItEnded) {
  EXPECT_EQ(duties(cluster.state, NodeId(from)),
            (std::vector<Duty>{CallOff{x0, NodeId(to), since}}));
  EXPECT_THAT(explain_vm(cluster.state, x0),
              Contains(HasSubstr("has yet to say that it has it still")));

  source_ends_it(false);
  cluster.report(from);

  EXPECT_TRUE(cluster.is_running("x0"));
  EXPECT_EQ(cluster.host_of("x0"), from);
  EXPECT_EQ(cluster.vm("x0").move_failures, 0U) << "its target's death is not the guest's fault";
}

TEST_F(CalledOff, IsNoSurpriseWhereASourceThatHungSendsItAfterAll) {
  target_is_back();
  EXPECT_TRUE(cluster.vm("x0").may_run_on.contains(NodeId(to)));

  cluster.kill_guest("x0");
  cluster.start_behind_our_back("x0", to);
  cluster.report(to);
  source_ends_it(true);
  cluster.report(from);

  EXPECT_TRUE(cluster.is_running("x0"));
  EXPECT_EQ(cluster.host_of("x0"), to);
  EXPECT_FALSE(cluster.said("ALARM"));
}

TEST_F(CalledOff, ATargetThatIsBackDeniesNothingBeforeTheSourceHasEndedIt) {
  target_is_back();
  cluster.report(to);
  EXPECT_TRUE(cluster.vm("x0").may_run_on.contains(NodeId(to)));

  source_ends_it(false);
  cluster.report(to);
  cluster.report(from);

  EXPECT_TRUE(cluster.is_running("x0"));
  EXPECT_EQ(cluster.host_of("x0"), from);
}

TEST_F(CalledOff, AGuestThatIsGoneFromTheSourceIsNotBootedWhileItMayBeAtTheTarget) {
  cluster.kill_guest("x0");
  source_ends_it(true);
  cluster.report(from);

  EXPECT_EQ(cluster.vm("x0").may_run_on.count(NodeId(to)), 1U);
  EXPECT_FALSE(cluster.decide_once()) << "the target has time to come";

  target_is_back();
  cluster.settle();
  EXPECT_TRUE(cluster.is_running("x0")) << "the target has denied it, and it boots";
}

TEST_F(CalledOff, ATargetThatDoesNotComeBackIsProvedOffOnceMore) {
  cluster.kill_guest("x0");
  source_ends_it(true);
  cluster.report(from);
  cluster.pass(unseen_grace);
  cluster.settle();

  EXPECT_TRUE(cluster.is_running("x0"));
  EXPECT_EQ(cluster.times_said("node" + std::to_string(to) + " was proved off:"), 2);
}

TEST(BothEndsOfAMigration, MayBeProvedOffByOneTick) {
  TestCluster cluster({1, 2, 3, 4, 5}, 1024);
  cluster.fence_works = false;
  cluster.run("x0");
  cluster.run("x1");
  const auto from = cluster.host_of("x0");
  const auto to = cluster.host_of("x1");
  for (const auto node : {from, to}) {
    const auto incarnation = online(cluster.state, NodeId(node))->incarnation;
    cluster.apply(WatchdogArmed{NodeId(node), incarnation, std::chrono::seconds(10)});
  }
  // Whoever is proved off first is the target of one of them.
  cluster.migrate("x0", to);
  cluster.migrate("x1", from);
  ASSERT_TRUE(cluster.decide_once());
  for (const auto node : {from, to}) cluster.cut_power(node);
  cluster.view();

  // The checks of the invariants are in it.
  cluster.pass(std::chrono::seconds(20));

  EXPECT_EQ(cluster.times_said("has reset it"), 2);
  EXPECT_TRUE(cluster.is_running("x0") && cluster.is_running("x1"));
}

}  // namespace
}  // namespace upbeat
