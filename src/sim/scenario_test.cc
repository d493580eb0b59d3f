// SPDX-License-Identifier: Apache-2.0
// Scenario files: what is read, what is refused with which words, and that what is written reads
// back.
#include "sim/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/first_state.h"
#include "sim/run.h"

namespace upbeat {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const std::string everything = R"(
title = "All that can be said"
seed = 7
length = 90.25
settles = true
quorum = "two_node"
timeline = [
  "10 power big cut",
  "+2.5 network small off",
  "network small on",
  "delay 3",
  "vm  web   stop",
]

[policy]
restart_tries_here = 3
restart_tries_elsewhere = 4
failback = "return"
on_shutdown = "hold"

[[node]]
name = "big"
memory_mib = 8192
reserve_mib = 512
cores = 16
boot_s = 90
shutdown_budget_s = 120.5

[[node]]
name = "small"

[[node]]
name = "spare"
on = false

[[vm]]
name = "web"
memory_mib = 512
cores = 2
priority = -5
node = "big"
failback = "stay"
boot_s = 12.5
shutdown_s = 3
dirty_mib_per_s = 40
shuts_down = false

[[vm]]
name = "db"
wanted = "stopped"

[[rule]]
name = "close"
kind = "together"
vms = ["web", "db"]

[[rule]]
name = "where"
kind = "off"
vms = ["db"]
nodes = ["small", "spare"]
strict = false
)";

Scenario must_read(const std::string& text) {
  auto scenario = read_scenario(text, "story.toml");
  EXPECT_TRUE(scenario) << (scenario ? "" : scenario.error().text);
  return scenario.value_or(Scenario{});
}

TEST(Scenario, HoldsItsNodesAsWritten) {
  const auto scenario = must_read(everything);

  ASSERT_EQ(scenario.nodes.size(), 3U);
  EXPECT_EQ(scenario.nodes[0], (ScenarioNode{.name = "big",
                                             .memory_mib = 8192,
                                             .reserve_mib = 512,
                                             .cores = 16,
                                             .boot = milliseconds(90'000),
                                             .shutdown_budget = milliseconds(120'500)}));
  EXPECT_EQ(scenario.nodes[1], ScenarioNode{.name = "small"});
  EXPECT_FALSE(scenario.nodes[2].on);
}

TEST(Scenario, HoldsItsGuestsAsWritten) {
  const auto scenario = must_read(everything);

  ASSERT_EQ(scenario.vms.size(), 2U);
  const auto& web = scenario.vms[0];
  EXPECT_EQ(web.memory_mib, 512U);
  EXPECT_EQ(web.cores, 2U);
  EXPECT_EQ(web.priority, -5);
  EXPECT_EQ(web.node, "big");
  EXPECT_EQ(web.failback, Failback::stay);
  EXPECT_EQ(web.traits.boot_ms, 12'500);
  EXPECT_EQ(web.traits.shutdown_ms, 3'000);
  EXPECT_EQ(web.traits.dirty_kib_per_s, 40U * 1024);
  EXPECT_EQ(web.traits.manner, ShutdownManner::refuses);
  EXPECT_EQ(scenario.vms[1].wanted, Wanted::stopped);
  EXPECT_EQ(scenario.vms[1].failback, std::nullopt);
}

TEST(Scenario, HoldsItsRulesAndItsPolicyAsWritten) {
  const auto scenario = must_read(everything);

  EXPECT_THAT(scenario.rules, ElementsAre(ScenarioRule{.name = "close", .vms = {"web", "db"}},
                                          ScenarioRule{.name = "where",
                                                       .kind = RuleKind::off,
                                                       .strictness = Strictness::best_effort,
                                                       .vms = {"db"},
                                                       .nodes = {"small", "spare"}}));
  EXPECT_EQ(scenario.policy, (Policy{.restart_tries_here = 3,
                                     .restart_tries_elsewhere = 4,
                                     .failback = Failback::go_home,
                                     .on_shutdown = OnShutdown::hold}));
}

TEST(Scenario, CountsTimesFromTheBeginningOrFromTheLineBefore) {
  const auto scenario = must_read(everything);

  EXPECT_THAT(scenario.timeline,
              ElementsAre(ScenarioStep{milliseconds(10'000), "power big cut"},
                          ScenarioStep{milliseconds(12'500), "network small off"},
                          ScenarioStep{milliseconds(12'500), "network small on"},
                          ScenarioStep{milliseconds(15'500), "vm web stop"}));
  EXPECT_EQ(scenario.length, milliseconds(90'250));
}

TEST(Scenario, ReadsBackAsItWasWritten) {
  const auto scenario = must_read(everything);

  EXPECT_EQ(must_read(write_scenario(scenario)), scenario);
}

TEST(Scenario, OfTheTestBedReadsBackAsItWasWritten) {
  auto scenario = test_bed(4, 8);
  scenario.title = "\"quoted\"\nand ''' in two lines, ü";
  scenario.timeline = {{milliseconds(1), "heal"}, {milliseconds(1'234'567), "heal"}};
  scenario.length = milliseconds(2'000'010);

  EXPECT_EQ(must_read(write_scenario(scenario)), scenario);
}

TEST(Scenario, LastsAsLongAsItsTimelineAtLeast) {
  EXPECT_EQ(must_read("length = 5\nbed = {}\ntimeline = [\"7 heal\", \"delay 2\"]").length,
            milliseconds(9'000));
}

TEST(Scenario, BeginsWithGuestsAtHomeAndRulesInForce) {
  const auto state = first_state(must_read(everything));

  EXPECT_EQ(state.vms.at(VmId("web")).home, NodeId(1));
  EXPECT_TRUE(std::holds_alternative<Running>(state.vms.at(VmId("web")).phase));
  EXPECT_TRUE(std::holds_alternative<Stopped>(state.vms.at(VmId("db")).phase));
  EXPECT_TRUE(std::holds_alternative<Left>(state.nodes.at(NodeId(3)).standing));
  EXPECT_THAT(state.rules.at(RuleId("where")).nodes, ElementsAre(NodeId(2), NodeId(3)));
  EXPECT_EQ(state.policy.restart_tries_here, 3U);
}

TEST(Scenario, SaysInTheEndWhoRunsWhatAndWhyAGuestIsDown) {
  const auto scenario = must_read(R"(
    bed = { nodes = 1, vms = 1 }
    length = 10
    vm = [{ name = "giant", memory_mib = 2048 }]
  )");

  const auto log = format_log(play(scenario, Keep::everything).log);

  EXPECT_THAT(log, HasSubstr("end  node0 is on (online) and runs x0\n"));
  EXPECT_THAT(log, HasSubstr("end  giant is down. It is wanted running. It runs nowhere. It "
                             "waits: giant needs 2048 MiB: node0 has 640 MiB free.\n"));
}

TEST(Scenario, ThatIsNotThereIsSaidToBeSo) {
  EXPECT_EQ(load_scenario("/nowhere/story.toml").error().text,
            "cannot read the scenario /nowhere/story.toml: is it there, and a file?");
}

struct Wrong {
  std::string text;
  std::string words;  ///< behind "cannot use the scenario story.toml, "
};

/// For the test's name.
void PrintTo(const Wrong& wrong, std::ostream* out) {
  for (const char letter : wrong.words) {
    *out << (std::isalnum(static_cast<unsigned char>(letter)) != 0 ? letter : '-');
  }
}

class WrongScenario : public testing::TestWithParam<Wrong> {};

TEST_P(WrongScenario, IsRefusedWithTheLineAndTheRemedy) {
  const auto scenario = read_scenario(GetParam().text, "story.toml");

  ASSERT_FALSE(scenario);
  EXPECT_THAT(scenario.error().text, StartsWith("cannot use the scenario story.toml"));
  EXPECT_THAT(scenario.error().text, HasSubstr(GetParam().words));
}

/// A bed of one node, and below it, from line 2, what is wrong.
std::string bed(const std::string& text) { return "bed = { nodes = 1, vms = 2 }\n" + text; }
std::string steps(const std::string& list) { return bed("timeline = [" + list + "]"); }
std::string rule(const std::string& keys) { return bed("[[rule]]\nname = \"r\"\n" + keys); }
std::string node(const std::string& keys) { return "[[node]]\n" + keys; }
std::string vm(const std::string& keys) { return bed("[[vm]]\nname = \"v\"\n" + keys); }

const std::vector<Wrong> wrong_files{
    {"bed = ", ", line 1: "},
    {"", "it has no node; write [[node]] for each, or bed = { nodes = 4, vms = 8 }"},
    {"node = 3", "line 1: write [[node]], one for each"},
    {"node = [3]", "line 1: write [[node]], one for each"},
    {bed("tempo = 3"),
     "line 2: 'tempo' is no key here; there are bed, length, node, policy, quorum, "
     "rule"},
    {bed("title = 3"), "line 2: title is text in quotes"},
    {bed("seed = -1"), "line 2: seed is a whole number from 0 to"},
    {bed("settles = \"yes\""), "line 2: settles is true or false"},
    {bed("quorum = \"all\""), "line 2: quorum is one of \"majority\", \"qdevice\", \"two_node\""},
    {bed("length = \"long\""), "line 2: length is a number of seconds, at most 31536000"},
    {bed("length = -1"), "line 2: length is a number of seconds, at most 31536000"},
    {bed("policy = 3"), "line 2: policy is a table; write [policy] above its keys"},
    {"bed = 3", "line 1: bed is a table"},
    {"bed = { nodes = 0 }", "line 1: nodes is a whole number from 1 to 256"},
    {"bed = { vms = 4097 }", "line 1: vms is a whole number from 0 to 4096"},
    {"bed = { guests = 3 }", "line 1: 'guests' is no key here; there are nodes, vms"},

    {node("memory_mib = 1024"), "line 1: a name is 1 to 64 letters"},
    {node("name = \"two words\""), "line 2: a name is 1 to 64 letters, digits, '-', '_' and '.'"},
    {node("name = \"n\"\nram = 3"), "line 3: 'ram' is no key here; there are boot_s, cores, "},
    {node("name = \"n\"\nmemory_mib = 1.5"), "line 3: memory_mib is a whole number from 1 to"},
    {node("name = \"n\"\nreserve_mib = 2048"),
     "line 3: the reserve of 2048 MiB is more than the node's memory; make reserve_mib smaller"},
    {node("name = \"n\"\ncores = 0"), "line 3: cores is a whole number from 1 to 4096"},
    {node("name = \"n\"\non = 1"), "line 3: on is true or false"},
    {node("name = \"n\"\nboot_s = -3"), "line 3: boot_s is a number of seconds, at most 3600"},
    {node("name = \"n\"\nshutdown_budget_s = 3601"), "line 3: shutdown_budget_s is a number of"},
    {node("name = \"n\"\n[[node]]\nname = \"n\""),
     "line 4: the name 'n' is given twice; nodes and VMs each need one of their own"},

    {vm("kind = \"big\""), "line 4: 'kind' is no key here; there are boot_s, cores, dirty_mib"},
    {bed("[[vm]]\nname = \"node0\""), "line 3: the name 'node0' is given twice"},
    {vm("memory_mib = 0"), "line 4: memory_mib is a whole number from 1 to"},
    {vm("priority = 1000001"), "line 4: priority is a whole number from -1000000 to 1000000"},
    {vm("node = \"mars\""), "line 4: VM 'v' begins on 'mars', which is no node; name one, or"},
    {node("name = \"n\"\non = false\n[[vm]]\nname = \"v\"\nnode = \"n\""),
     "line 6: VM 'v' begins on 'n', which is off; name another, or leave `node` out"},
    {vm("wanted = \"up\""), "line 4: wanted is one of \"running\", \"stopped\""},
    {vm("failback = \"home\""), "line 4: failback is one of \"return\", \"stay\""},
    {vm("boot_s = true"), "line 4: boot_s is a number of seconds"},
    {vm("shutdown_s = nan"), "line 4: shutdown_s is a number of seconds"},
    {vm("dirty_mib_per_s = -1"), "line 4: dirty_mib_per_s is a whole number from 0 to 1000000"},
    {vm("shuts_down = \"no\""), "line 4: shuts_down is true or false"},

    {bed("[policy]\npatience = 3"), "line 3: 'patience' is no key here; there are failback, on_"},
    {bed("[policy]\nrestart_tries_here = 101"), "line 3: restart_tries_here is a whole number"},
    {bed("[policy]\non_shutdown = \"wait\""),
     "line 3: on_shutdown is one of \"hold\", \"migrate\", \"restart\""},

    {rule("vms = [\"x0\", \"x1\"]"), "line 2: kind is missing: \"together\", \"apart\", \"on\""},
    {rule("kind = \"near\""), "line 4: kind is one of \"apart\", \"off\", \"on\", \"together\""},
    {rule("kind = \"apart\"\nvms = \"x0\""), "line 5: vms is a list, [\"a\", \"b\"]"},
    {rule("kind = \"apart\"\nvms = [1]"), "line 5: vms is a list of texts"},
    {rule("kind = \"apart\"\nvms = [\"x9\"]"), "line 5: there is no VM 'x9'; name those of [[vm]]"},
    {rule("kind = \"on\"\nvms = [\"x0\"]\nnodes = [\"x1\"]"), "line 6: there is no node 'x1'"},
    {rule("kind = \"on\"\nvms = [\"x0\"]"), "line 2: cannot define rule 'r': it names no node"},
    {rule("kind = \"apart\"\nvms = [\"x0\"]"), "line 2: cannot define rule 'r': it names less"},
    {rule("kind = \"apart\"\nweight = 3"), "line 5: 'weight' is no key here; there are kind, name"},
    {rule("kind = \"apart\"\nvms = [\"x0\", \"x1\"]\n"
          "[[rule]]\nname = \"s\"\nkind = \"together\"\nvms = [\"x0\", \"x1\"]"),
     "line 6: cannot define rule 's': strict rules would keep the same VMs together and apart"},
    {rule("kind = \"apart\"\nvms = [\"x0\", \"x1\"]\n"
          "[[rule]]\nname = \"r\"\nkind = \"apart\"\nvms = [\"x0\", \"x1\"]"),
     "line 7: the rule 'r' is given twice; rename one"},

    {bed("timeline = 3"), "line 2: timeline is a list of lines, [\"10 power node1 cut\"]"},
    {bed("timeline = [\n\"1 heal\",\n3]"), "line 4: a line of the timeline is text"},
    {steps("\"\""), "line 2: '' is no command: it begins with none of"},
    {steps("\"heel\""), "line 2: 'heel' is no command: it begins with none of"},
    {steps("\"10\""), "line 2: '' is no command"},
    {steps("\"10s heal\""), "line 2: '10s heal' has no good time; write `12.5 COMMAND` for that"},
    {steps("\"-1 heal\""), "line 2: '-1 heal' has no good time"},
    {steps("\"delay\""), "line 2: 'delay' has no good time"},
    {steps("\"delay 3 heal\""), "line 2: 'delay 3 heal': nothing follows the time of a delay"},
    {steps("\"5 heal\", \"4 heal\""), "line 2: '4 heal' lies before the line above it"},
    {steps("\"+20000000 heal\", \"+20000000 heal\""), "is more than a year away"},
    {steps("\"1 power node7 cut\""), "line 2: 'power node7 cut' is no command: there is no node"},
};
INSTANTIATE_TEST_SUITE_P(Files, WrongScenario, testing::ValuesIn(wrong_files));

}  // namespace
}  // namespace upbeat
