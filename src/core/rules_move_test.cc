// SPDX-License-Identifier: Apache-2.0
// Rules and motion: broken rules are mended, drains and recovery come to their end, nothing dances.
#include "base/prng.h"
#include "core/explain.h"
#include "core/rules.h"
#include "core/test_cluster.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

using Names = std::vector<std::string>;

/// Runs the guests and brings them to the node.
void run_on(TestCluster& cluster, std::uint32_t node, const Names& vms, std::uint64_t mib = 256) {
  for (const auto& vm : vms) {
    cluster.run(vm, mib);
    if (cluster.host_of(vm) != node) cluster.migrate(vm, node);
    cluster.settle();
    ASSERT_EQ(cluster.host_of(vm), node);
  }
  cluster.log.clear();
}

std::ptrdiff_t moving(const TestCluster& cluster) {
  return std::ranges::count_if(cluster.state.vms, [](const auto& each) {
    return std::holds_alternative<Migrating>(each.second.phase);
  });
}

TEST(BrokenRule, IsNotMendedOneGuestAfterTheOther) {
  TestCluster cluster({1, 2, 3});
  run_on(cluster, 1, {"x0", "x1", "x2"});
  cluster.rule("db", RuleKind::apart, {"x0", "x1", "x2"});
  cluster.decide_once();
  EXPECT_EQ(moving(cluster), 1);
  cluster.settle();
  EXPECT_EQ((std::set{cluster.host_of("x0"), cluster.host_of("x1"), cluster.host_of("x2")}).size(),
            3U);
  EXPECT_EQ(cluster.times_said("moves from"), 2);
  EXPECT_TRUE(cluster.said("rule 'db' keeps x0, x1, x2 apart"));
}

TEST(BrokenRule, LeavesAPairApart) {
  TestCluster cluster({1, 2, 3});
  run_on(cluster, 1, {"x0"});
  run_on(cluster, 2, {"x1", "x2"});
  cluster.rule("three", RuleKind::together, {"x0", "x1", "x2"});
  cluster.settle();
  EXPECT_EQ(cluster.host_of("x0"), 2U);
  EXPECT_EQ(cluster.times_said("moves from"), 1);
}

TEST(BrokenRule, LeavesAGroupWhereOneOfItMustNotBe) {
  TestCluster cluster({1, 2, 3});
  run_on(cluster, 1, {"x0", "x1"});
  cluster.rule("pair", RuleKind::together, {"x0", "x1"});
  cluster.rule("licence", RuleKind::off, {"x1"}, {1, 2});
  cluster.settle();
  EXPECT_EQ(cluster.host_of("x0"), 3U);
  EXPECT_EQ(cluster.host_of("x1"), 3U);
}

TEST(BrokenRule, MovesGuestsThoughThatMendsNothing) {
  TestCluster cluster({1, 2});
  run_on(cluster, 1, {"x0", "x1", "x2"});
  cluster.rule("db", RuleKind::apart, {"x0", "x1", "x2"});
  cluster.settle();
  cluster.pass(60s);
  EXPECT_EQ(cluster.times_said("moves from"), 1) << "two nodes cannot keep three apart";
  EXPECT_FALSE(breach_of(cluster.state, cluster.state.rules.at(RuleId("db"))).empty());
}

TEST(BrokenRule, PushesAsideAGuestThatBreaksNone) {
  TestCluster cluster({1, 2, 3});
  run_on(cluster, 1, {"a"}, 512);
  run_on(cluster, 3, {"b"}, 512);
  run_on(cluster, 1, {"x0"});
  run_on(cluster, 2, {"x1", "x2", "x3"});
  cluster.rule("licence", RuleKind::off, {"x2", "x3"}, {1});
  cluster.rule("pair", RuleKind::together, {"x0", "x1"});  // there is room if x2 goes to node3
  cluster.settle();
  EXPECT_FALSE(cluster.said("moves from"));
}

TEST(BrokenRule, MovesGuestsForBestEffort) {
  TestCluster cluster({1, 2});
  run_on(cluster, 1, {"x0", "x1"});
  cluster.rule("db", RuleKind::apart, {"x0", "x1"}, {}, Strictness::best_effort);
  cluster.settle();
  EXPECT_FALSE(cluster.said("moves from"));
}

TEST(BrokenRule, IsForgottenWhenTheFirstMoveFails) {
  TestCluster cluster({1, 2});
  run_on(cluster, 1, {"x0", "x1"});
  cluster.fail_migrate = {"x0", "x1"};
  cluster.rule("db", RuleKind::apart, {"x0", "x1"});
  cluster.settle();
  ASSERT_EQ(cluster.host_of("x0"), cluster.host_of("x1"));
  cluster.fail_migrate.clear();
  cluster.pass(5s);
  EXPECT_NE(cluster.host_of("x0"), cluster.host_of("x1"));
}

TEST(Together, ARestartedDaemonScattersThem) {
  TestCluster cluster({1, 2, 3});
  run_on(cluster, 1, {"x0", "x1"});
  cluster.rule("pair", RuleKind::together, {"x0", "x1"});
  cluster.restart_daemon(1);
  cluster.view();
  cluster.settle();
  EXPECT_FALSE(cluster.said("moves from"));
}

TEST(Together, ADrainLeavesTheSecondBehindBecauseTheFirstChoseForItselfAlone) {
  TestCluster cluster({1, 2, 3});
  run_on(cluster, 3, {"other"});
  run_on(cluster, 1, {"x0", "x1"});
  cluster.rule("pair", RuleKind::together, {"x0", "x1"});
  cluster.rule("licence", RuleKind::off, {"x1"}, {2});  // node2 has most memory free
  cluster.drain(1);
  EXPECT_EQ(cluster.state.refused, "");
  cluster.settle();
  EXPECT_EQ(cluster.host_of("x0"), 3U);
  EXPECT_EQ(cluster.host_of("x1"), 3U);
  EXPECT_TRUE(is_empty(cluster.state, NodeId(1)));
}

TEST(Together, ADrainIsGrantedThoughNoNodeCanTakeThemAll) {
  TestCluster cluster({1, 2, 3});
  run_on(cluster, 2, {"a"}, 512);
  run_on(cluster, 3, {"b"}, 512);
  run_on(cluster, 1, {"x0", "x1"});
  cluster.rule("pair", RuleKind::together, {"x0", "x1"});
  cluster.drain(1);
  EXPECT_TRUE(cluster.state.refused.contains(
      "node2 has 384 MiB free, and x1 has to come along, rule 'pair' keeps them together, which "
      "takes 512 MiB"))
      << cluster.state.refused;
}

TEST(Together, AShutdownSplitsThemOrForgetsThemOnceThereIsRoom) {
  TestCluster cluster({1, 2, 3});
  run_on(cluster, 2, {"a"}, 512);
  run_on(cluster, 3, {"b"}, 512);
  run_on(cluster, 1, {"x0", "x1"});
  cluster.rule("pair", RuleKind::together, {"x0", "x1"});
  cluster.drain(1, DrainCause::shutdown);
  cluster.settle();
  ASSERT_EQ(cluster.host_of("x0"), 1U);
  cluster.want("b", Wanted::stopped);
  cluster.settle();
  EXPECT_EQ(cluster.host_of("x0"), 3U);
  EXPECT_EQ(cluster.host_of("x1"), 3U);
}

TEST(Together, ADeadNodeLeavesThemOnTwoOrDown) {
  TestCluster cluster({1, 2, 3});
  run_on(cluster, 3, {"other"});
  run_on(cluster, 1, {"x0", "x1"});
  cluster.rule("pair", RuleKind::together, {"x0", "x1"});
  cluster.rule("licence", RuleKind::off, {"x1"}, {2});
  cluster.cut_power(1);
  cluster.view();
  cluster.settle();
  EXPECT_EQ(cluster.host_of("x0"), 3U);
  EXPECT_EQ(cluster.host_of("x1"), 3U);
}

TEST(Together, AGuestStaysDownBecauseTheOtherOneTookATightPlace) {
  TestCluster cluster({1, 2});
  run_on(cluster, 1, {"x0"});
  run_on(cluster, 1, {"other"}, 512);
  cluster.define("x1", 512);
  cluster.rule("pair", RuleKind::together, {"x0", "x1"});
  cluster.want("x1");
  cluster.settle();
  EXPECT_EQ(cluster.host_of("x0"), 2U);
  EXPECT_EQ(cluster.host_of("x1"), 2U);
  EXPECT_EQ(cluster.times_said("moves from"), 1);
}

TEST(Together, StartsNobodyBecauseTheyAreTooManyForAnyNode) {
  TestCluster cluster({1, 2});
  for (const auto* vm : {"x0", "x1", "x2", "x3"}) cluster.define(vm);
  cluster.rule("crowd", RuleKind::together, {"x0", "x1", "x2", "x3"});
  for (const auto* vm : {"x0", "x1", "x2", "x3"}) cluster.want(vm);
  cluster.settle();
  EXPECT_EQ(cluster.host_of("x0"), cluster.host_of("x2"));
  EXPECT_TRUE(cluster.is_running("x2")) << cluster.vm("x2").waits_for;
  EXPECT_EQ(phase_word(cluster.vm("x3")), "waiting");
}

/// A rule about two or three guests out of eight, and a node or two out of four.
void random_rule(TestCluster& cluster, Prng& chance) {
  const auto kind = static_cast<RuleKind>(chance.below(4));
  Names vms;
  for (int i = 0; i < 3; ++i) vms.push_back("x" + std::to_string(chance.below(8)));
  std::vector<std::uint32_t> nodes;
  for (int i = 0; i < 2 && !is_pairwise(kind); ++i) {
    nodes.push_back(static_cast<std::uint32_t>(1 + chance.below(4)));
  }
  cluster.rule("r" + std::to_string(chance.below(6)), kind, vms, nodes,
               chance.below(4) == 0 ? Strictness::best_effort : Strictness::strict);
}

class ManyRules : public testing::TestWithParam<std::uint64_t> {
 protected:
  void SetUp() override {
    for (int i = 0; i < 8; ++i) cluster.run("x" + std::to_string(i));
  }

  TestCluster cluster{{1, 2, 3, 4}};
  Prng chance{GetParam()};
};

TEST_P(ManyRules, MakeGuestsDanceOrMoveThemMoreOftenThanRulesAreBroken) {
  for (int step = 0; step < 12 && !HasFatalFailure(); ++step) {
    random_rule(cluster, chance);
    const auto breaches = strict_breaches(cluster.state);
    cluster.log.clear();
    cluster.settle();
    EXPECT_LE(cluster.times_said("moves from"), static_cast<std::ptrdiff_t>(breaches));
    EXPECT_LE(strict_breaches(cluster.state), breaches);
    EXPECT_FALSE(cluster.decide_once());
  }
}

TEST_P(ManyRules, LeaveAGuestDownOrOnADrainingNodeThatHasAPlace) {
  if (GetParam() % 2 == 0) cluster.apply(PolicySet{.failback = Failback::go_home});
  for (int step = 0; step < 12 && !HasFatalFailure(); ++step) {
    random_rule(cluster, chance);
    const auto node = static_cast<std::uint32_t>(1 + chance.below(4));
    if (step % 3 == 0) {
      cluster.drain(node, DrainCause::shutdown);
    } else if (step % 3 == 1) {
      cluster.cut_power(node);
      cluster.view();
    }
    cluster.settle();
    cluster.pass(10s);
    cluster.power_on(node);
    cluster.view();
    cluster.settle();
  }
  for (const auto& [name, rule] : std::map(cluster.state.rules)) {
    cluster.apply(RuleRemoved{name});
  }
  cluster.settle();
  for (const auto& [id, vm] : cluster.state.vms) {
    EXPECT_TRUE(cluster.is_running(id.get())) << phase_word(vm) << ": " << vm.waits_for;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ManyRules, testing::Range<std::uint64_t>(1, 101));

}  // namespace
}  // namespace upbeat
