// SPDX-License-Identifier: Apache-2.0
// Stories: made up from seeds, played, and shortened when they go wrong.
#include "sim/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "sim/chance.h"
#include "sim/command.h"
#include "sim/shrink.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::SizeIs;

std::string log_of(std::uint64_t seed) {
  return format_log(play(story_of(seed, {.length = 2min}), Keep::everything).log);
}

/// node0 holds more than it has memory for, which `within-capacity` finds as soon as one of its
/// guests comes or goes.
Scenario crowded_from_the_beginning() {
  Scenario story = test_bed(4, 8);
  story.vms.push_back({.name = "huge", .memory_mib = 1500, .node = "node0"});
  story.length = 60s;
  return story;
}

TEST(Play, TellsTheSameStoryOfTheSameSeed) {
  const auto first = log_of(7);

  EXPECT_GT(std::ranges::count(first, '\n'), 20);
  EXPECT_EQ(log_of(7), first);
}

TEST(Play, TellsAnotherStoryOfAnotherSeed) { EXPECT_NE(log_of(7), log_of(8)); }

TEST(Play, LetsChanceOfTheSeedMoveNothingButTheTimesOfAFixedStory) {
  Scenario story = test_bed(4, 8);
  story.timeline = {{10s, "power node1 cut"}};
  story.length = 60s;
  const auto one = play(story, Keep::everything);
  story.seed = 2;
  const auto two = play(story, Keep::everything);

  EXPECT_NE(format_log(one.log), format_log(two.log));
  EXPECT_EQ(one.placements, two.placements);
}

TEST(Play, KeepsLogDecisionsAndWhereTheGuestsAreInTheEnd) {
  Scenario story = test_bed(2, 1);
  story.timeline = {{10s, "drain node0"}};
  story.length = 30s;

  const auto result = play(story, Keep::everything);

  EXPECT_THAT(result.violations, SizeIs(0));
  EXPECT_EQ(result.placements, (std::map<std::string, std::string>{{"x0", "node1"}}));
  ASSERT_THAT(result.decisions, SizeIs(1));
  EXPECT_EQ(result.decisions.front().what, "move x0 from node0 to node1");
  EXPECT_THAT(result.decisions.front().why, HasSubstr("drain"));
  EXPECT_EQ(result.log.front(), (LogEntry{10s, ">", "drain node0"}));
  EXPECT_EQ(result.length, 30s);
  EXPECT_GT(result.events_applied, 0U);
}

TEST(Play, KeepsNoLogThatNobodyWants) {
  const auto result = play(story_of(7, {.length = 2min}), Keep::violations);

  EXPECT_THAT(result.log, SizeIs(0));
  EXPECT_THAT(result.decisions, SizeIs(0));
}

TEST(Play, StopsAtTheFirstViolation) {
  auto story = crowded_from_the_beginning();
  story.timeline = {{20s, "vm x0 crash"}, {40s, "vm x1 crash"}};

  const auto result = play(story, Keep::everything);

  ASSERT_THAT(result.violations, SizeIs(1));
  EXPECT_EQ(result.violations.front().checker, "within-capacity");
  EXPECT_LT(result.length, 40s);
}

TEST(Play, EndsEveryFaultAndWaitsUntilAllIsWellIfTheStorySettles) {
  Scenario story = test_bed(4, 8);
  story.timeline = {{10s, "power node0 cut"}, {10s, "power node1 cut"}, {10s, "power node2 cut"}};
  story.length = 20s;
  const auto left = play(story, Keep::violations);
  story.settles = true;
  const auto settled = play(story, Keep::violations);

  EXPECT_EQ(left.length, 20s);
  EXPECT_EQ(left.placements.at("x0"), "");
  EXPECT_GT(settled.length, 20s);
  EXPECT_NE(settled.placements.at("x0"), "");
}

TEST(Play, LetsThoseThatAreLeftGoOnBeforeTheOthersAreSwitchedOn) {
  Scenario story = test_bed(4, 8);
  story.timeline = {{10s, "power node1 cut"}};
  story.length = 11s;
  story.settles = true;

  const auto log = play(story, Keep::everything).log;

  const auto when = [&log](const std::string& subject, const std::string& text) {
    const auto is = [&](const LogEntry& one) {
      return one.subject == subject && one.text.starts_with(text);
    };
    return std::ranges::find_if(log, is) - log.begin();
  };
  EXPECT_LT(when(">", "every fault ends, but"), when("node1", "was proved off"));
  EXPECT_LT(when("node1", "was proved off"), when("x5", "runs on"));
  EXPECT_LT(when("x5", "runs on"), when("world", "node1 is on"));
  EXPECT_LT(when("world", "node1 is on"), std::ssize(log));
}

TEST(Log, HasALineAnEntryWithItsColumnsAligned) {
  EXPECT_EQ(format_log({{1500ms, "x0", "runs"}, {100s, "node0", "joined"}}),
            "    1.500  x0     runs\n"
            "  100.000  node0  joined\n");
}

TEST(Shrink, LeavesOnlyWhatIsNeededToGoWrongInTheSameWay) {
  auto story = crowded_from_the_beginning();
  for (int i = 1; i <= 20; ++i) story.timeline.push_back({i * 1s, "vm x1 dirties 1"});
  story.timeline.push_back({21s, "vm x0 crash"});
  story.timeline.push_back({50s, "vm x2 crash"});

  const auto shorter = shrink(story, "within-capacity");

  EXPECT_EQ(shorter.timeline, (std::vector<ScenarioStep>{{21s, "vm x0 crash"}}));
  EXPECT_LT(shorter.length, 50s);
  const auto again = play(shorter, Keep::violations);
  ASSERT_THAT(again.violations, SizeIs(1));
  EXPECT_EQ(again.violations.front().checker, "within-capacity");
}

TEST(Shrink, LeavesAStoryAloneThatDoesNotGoWrong) {
  Scenario story = test_bed(2, 1);
  story.timeline = {{10s, "drain node0"}, {20s, "undrain node0"}};

  EXPECT_EQ(shrink(story, "within-capacity").timeline, story.timeline);
}

TEST(Story, IsTheSameForTheSameSeedAndAnotherForAnother) {
  const auto story = story_of(42, {});

  EXPECT_EQ(write_scenario(story_of(42, {})), write_scenario(story));
  EXPECT_NE(story_of(43, {}).timeline, story.timeline);
}

TEST(Story, HasTheNodesGuestsAndLengthThatAreAskedFor) {
  const auto story = story_of(1, {.nodes = 6, .vms = 10, .length = 30min});

  EXPECT_THAT(story.nodes, SizeIs(6));
  EXPECT_THAT(story.vms, SizeIs(10));
  EXPECT_EQ(story.length, 30min);
  EXPECT_TRUE(story.settles);
  EXPECT_LT(story.timeline.back().at, 30min);
}

TEST(Story, HasStepsInTheOrderOfTimeThatAreAllCommands) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const auto story = story_of(seed, {});
    EXPECT_TRUE(std::ranges::is_sorted(story.timeline, {}, &ScenarioStep::at)) << seed;
    for (const auto& [at, command] : story.timeline) {
      const auto deed = read_command(command, story);
      EXPECT_TRUE(deed) << deed.error().text;
    }
  }
}

/// The first words of all steps of some stories that have only such faults.
std::set<std::string> verbs_of(const std::string& fault) {
  std::set<std::string> verbs;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    for (const auto& step : story_of(seed, {.faults = {fault}}).timeline) {
      verbs.insert(step.command.substr(0, step.command.find(' ')));
    }
  }
  return verbs;
}

TEST(Story, HasOnlyTheFaultsThatAreAskedFor) {
  const std::map<std::string, std::set<std::string>> expected{
      {"power", {"power"}},
      {"blackout", {"power"}},
      {"shutdown", {"shutdown", "reboot", "cancel-shutdown", "power"}},
      {"health", {"health"}},
      {"network", {"network"}},
      {"flap", {"flap"}},
      {"partition", {"partition", "heal"}},
      {"daemon", {"daemon"}},
      {"engine", {"engine", "network"}},
      {"hypervisor", {"hypervisor", "vm"}},
      {"fence-device", {"fence-device"}},
      {"disk", {"disk"}},
      {"clock", {"clock"}},
      {"guest", {"vm"}},
      {"migration", {"fail-next"}},
      {"link", {"link"}},
      {"latency", {"latency"}},
      {"rules", {"rule"}},
      {"policy", {"policy", "vm"}},
      {"operator", {"drain", "undrain", "maintenance", "vm"}},
      {"watchdog", {"fence-device"}},
      {"old-release", {}},
      {"moment", {"vm", "network", "power"}}};
  std::set<std::string> known;
  for (const auto& fault : fault_classes()) {
    known.insert(fault);
    ASSERT_TRUE(expected.contains(fault)) << "say here what a story of '" << fault << "' is";
    EXPECT_EQ(verbs_of(fault), expected.at(fault)) << fault;
  }
  EXPECT_THAT(known, SizeIs(expected.size()));
}

}  // namespace
}  // namespace upbeat
