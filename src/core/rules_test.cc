// SPDX-License-Identifier: Apache-2.0
// Rules for placement: what they allow, what they prefer, what may be asked for.
#include "core/rules.h"

#include "core/explain.h"
#include "core/placement.h"
#include "core/test_cluster.h"

namespace upbeat {
namespace {

/// x0 runs on node2, which has most memory free; x1 is defined.
class Placing : public testing::Test {
 protected:
  void SetUp() override {
    cluster.run("big", 512);
    cluster.run("x0", 128);
    cluster.define("x1", 128);
    ASSERT_EQ(cluster.host_of("x0"), 2U);
  }
  void run_x1() {
    cluster.want("x1");
    cluster.settle();
  }

  TestCluster cluster{{1, 2}};
};

TEST_F(Placing, PutsGuestsThatAreKeptApartOnOneNode) {
  cluster.rule("db", RuleKind::apart, {"x0", "x1"});
  run_x1();
  EXPECT_EQ(cluster.host_of("x1"), 1U);
  EXPECT_TRUE(cluster.said("of the nodes that suit its rules best node1 has most memory free"));
}

TEST_F(Placing, PutsGuestsThatAreKeptTogetherOnTwoNodes) {
  cluster.rule("pair", RuleKind::together, {"x1", "big"});
  run_x1();
  EXPECT_EQ(cluster.host_of("x1"), 1U);
}

TEST_F(Placing, PutsAGuestOnANodeThatItsRuleDoesNotName) {
  cluster.rule("gpu", RuleKind::on, {"x1"}, {1});
  run_x1();
  EXPECT_EQ(cluster.host_of("x1"), 1U);
}

TEST_F(Placing, PutsAGuestOnANodeThatItsRuleForbids) {
  cluster.rule("licence", RuleKind::off, {"x1"}, {2});
  run_x1();
  EXPECT_EQ(cluster.host_of("x1"), 1U);
}

TEST_F(Placing, IgnoresBestEffortWhileThereIsAChoice) {
  for (const auto& [kind, vms] :
       std::map<RuleKind, std::vector<std::string>>{{RuleKind::apart, {"x0", "x1"}},
                                                    {RuleKind::together, {"x1", "big"}},
                                                    {RuleKind::on, {"x1"}}}) {
    cluster.rule("wish", kind, vms,
                 is_pairwise(kind) ? std::vector<std::uint32_t>{} : std::vector<std::uint32_t>{1},
                 Strictness::best_effort);
    EXPECT_EQ(place(cluster.state, VmId("x1"))->node, NodeId(1)) << static_cast<int>(kind);
  }
}

TEST_F(Placing, LetsAGuestWaitForTheSakeOfBestEffort) {
  cluster.rule("wish", RuleKind::off, {"x1"}, {1, 2}, Strictness::best_effort);
  run_x1();
  EXPECT_TRUE(cluster.is_running("x1"));
}

TEST_F(Placing, PrefersANodeWhereStartingFailedForTheSakeOfBestEffort) {
  cluster.rule("wish", RuleKind::on, {"x1"}, {1}, Strictness::best_effort);
  cluster.state.vms.edit(VmId("x1")).avoid = {NodeId(1)};
  EXPECT_EQ(place(cluster.state, VmId("x1"))->node, NodeId(2));
}

TEST_F(Placing, TakesTheSourceOrTheTargetOfAMigrationForFree) {
  cluster.rule("db", RuleKind::apart, {"x0", "x1"});
  cluster.migrate("x0", 1);
  ASSERT_TRUE(cluster.decide_once());
  const auto nowhere = place(cluster.state, VmId("x1"));
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error(),
            "x1 needs 128 MiB: node1 runs x0, and rule 'db' keeps them apart; "
            "node2 runs x0, and rule 'db' keeps them apart");
}

TEST_F(Placing, StartsAGuestAgainstARuleInsteadOfSayingWhyItWaits) {
  cluster.rule("db", RuleKind::apart, {"x0", "x1", "big"});
  run_x1();
  EXPECT_EQ(phase_word(cluster.vm("x1")), "waiting");
  EXPECT_TRUE(cluster.vm("x1").waits_for.contains("node1 runs big, and rule 'db' keeps them apart"))
      << cluster.vm("x1").waits_for;
}

TEST_F(Placing, MovesAGuestAgainstAStrictRuleBecauseAnOperatorSaysSo) {
  cluster.rule("db", RuleKind::apart, {"x0", "big"});
  cluster.migrate("x0", 1);
  EXPECT_EQ(
      cluster.state.refused,
      "cannot migrate x0: node1 runs big, and rule 'db' keeps them apart; choose another node, "
      "or change the rule (`upbeat rule list`)");
}

TEST_F(Placing, SplitsAPairBecauseAnOperatorSaysSo) {
  cluster.migrate("x0", 1);
  cluster.settle();
  cluster.rule("pair", RuleKind::together, {"x0", "big"});
  cluster.migrate("x0", 2);
  EXPECT_TRUE(cluster.state.refused.contains(
      "cannot migrate x0: big runs on node1, and rule 'pair' keeps them together"))
      << cluster.state.refused;
}

TEST_F(Placing, KeepsSilentAboutRulesWhereItExplains) {
  cluster.rule("db", RuleKind::apart, {"x0", "x1"});
  EXPECT_EQ(explain_vm(cluster.state, VmId("x0")).back(), "Rule 'db' keeps x0, x1 apart.");
  cluster.rule("gpu", RuleKind::on, {"big"}, {2});
  const auto lines = explain_vm(cluster.state, VmId("big"));
  EXPECT_EQ(lines[lines.size() - 1],
            "Rule 'gpu' keeps big on node2; it is broken now: big may be on node1.");
}

class Asking : public testing::Test {
 protected:
  void SetUp() override {
    for (const auto* vm : {"x0", "x1", "x2"}) cluster.define(vm);
  }
  void expect_refused(const std::string& part) {
    EXPECT_TRUE(cluster.state.refused.contains(part)) << cluster.state.refused;
    EXPECT_FALSE(cluster.state.rules.contains(RuleId("new")));
  }

  TestCluster cluster{{1, 2, 3}};
};

TEST_F(Asking, GrantsARuleThatMakesNoSense) {
  cluster.rule("new", RuleKind::apart, {"x0", "x0"});
  expect_refused("cannot define rule 'new': it names less than two VMs; name two or more");
  cluster.rule("new", RuleKind::together, {"x0", "x1"}, {1});
  expect_refused("takes no nodes; leave them out");
  cluster.rule("new", RuleKind::on, {}, {1});
  expect_refused("it names no VM");
  cluster.rule("new", RuleKind::off, {"x0"});
  expect_refused("it names no node");
  cluster.rule("new", RuleKind::apart, {"x0", "x9"});
  expect_refused("there is no VM x9; `upbeat vm list`");
  cluster.rule("new", RuleKind::on, {"x0"}, {9});
  expect_refused("no node #9; `upbeat node list`");
  cluster.rule("a b", RuleKind::apart, {"x0", "x1"});
  expect_refused("choose such a name");
  cluster.rule("", RuleKind::apart, {"x0", "x1"});
  expect_refused("choose such a name");
}

TEST_F(Asking, GrantsWhatContradictsAnotherStrictRule) {
  cluster.rule("pair", RuleKind::together, {"x0", "x1"});
  cluster.rule("also", RuleKind::together, {"x1", "x2"});
  cluster.rule("new", RuleKind::apart, {"x0", "x2"});
  expect_refused("together and apart");
  cluster.rule("gpu", RuleKind::on, {"x0"}, {1});
  cluster.rule("new", RuleKind::on, {"x2"}, {2, 3});
  expect_refused("it would leave x2 no node to run on");
  cluster.rule("new", RuleKind::off, {"x1"}, {1});
  expect_refused("it would leave x1 no node to run on");
}

TEST_F(Asking, RefusesWhatContradictsNothingStrict) {
  cluster.rule("pair", RuleKind::together, {"x0", "x1"});
  cluster.rule("new", RuleKind::apart, {"x0", "x1"}, {}, Strictness::best_effort);
  EXPECT_EQ(cluster.state.refused, "");
  cluster.rule("pair", RuleKind::apart, {"x0", "x1"});  // takes the place of the first
  EXPECT_EQ(cluster.state.refused, "");
  EXPECT_TRUE(cluster.said("rule pair was changed: it keeps x0, x1 apart"));
}

TEST_F(Asking, DefinesMoreRulesThanTheLimit) {
  for (std::size_t i = 0; i < rule_limit; ++i) {
    cluster.rule("r" + std::to_string(i), RuleKind::off, {"x0"}, {1});
  }
  cluster.rule("new", RuleKind::off, {"x0"}, {1});
  expect_refused("the cluster has 256 rules, which is the limit");
}

TEST_F(Asking, RemovesARuleThatIsNotThereOrKeepsOneThatIs) {
  cluster.apply(RuleRemoved{RuleId("none")});
  EXPECT_TRUE(cluster.state.refused.contains("there is no rule of that name"));
  cluster.rule("pair", RuleKind::together, {"x0", "x1"});
  cluster.apply(RuleRemoved{RuleId("pair")});
  EXPECT_TRUE(cluster.state.rules.empty());
}

TEST_F(Asking, KeepsARemovedVmInRulesOrARuleThatMeansNothing) {
  cluster.rule("three", RuleKind::apart, {"x0", "x1", "x2"});
  cluster.rule("pair", RuleKind::together, {"x0", "x1"}, {}, Strictness::best_effort);
  cluster.rule("gpu", RuleKind::on, {"x0"}, {1});
  cluster.run("x3");
  cluster.want("x0", Wanted::removed);
  EXPECT_EQ(cluster.state.rules.size(), 1U);
  EXPECT_EQ(cluster.state.rules.at(RuleId("three")).vms,
            (std::vector<VmId>{VmId("x1"), VmId("x2")}));
  EXPECT_TRUE(cluster.said("rule pair was removed: it means nothing without x0"));
}

}  // namespace
}  // namespace upbeat
