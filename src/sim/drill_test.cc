// SPDX-License-Identifier: Apache-2.0
// Drills of a whole cluster in virtual time: who is asked, what is found, and what is changed by
// it.
#include <gmock/gmock.h>

#include <algorithm>

#include "sim/world.h"
#include "wire/wire.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

Scenario with_watchdogs() {
  auto scenario = test_bed(3, 3);
  for (auto& node : scenario.nodes) node.watchdog = 10s;
  return scenario;
}

class DrillTest : public testing::Test {
 protected:
  Node& node(const std::string& name) { return *world.machine(name).node(); }
  std::uint64_t begin() {
    const auto begun = node("node0").drills().begin();
    EXPECT_TRUE(begun) << begun.error().text;
    return begun.value_or(0);
  }
  [[nodiscard]] bool over() { return is_over(node("node0").drills().so_far()->answers); }
  std::vector<DrillFinding> drill() {
    begin();
    world.pass(200s, [this] { return over(); });
    EXPECT_TRUE(over());
    return findings(node("node0").state(), node("node0").drills().so_far()->answers);
  }
  /// What came of asking node0 to have the node reset by its watchdog.
  std::optional<Result<void>> reset(const std::string& name) {
    std::optional<Result<void>> answer;
    node("node0").drills().ask_for_reset(world.id_of(name),
                                         [&](const Result<void>& given) { answer = given; });
    world.pass(20s, [&] { return answer.has_value(); });
    return answer;
  }
  void drain(const std::string& name) {
    world.ask(DrainRequested{world.id_of(name)}, "drain");
    world.pass(20s);
  }

  World world{with_watchdogs()};
};

TEST_F(DrillTest, FindsNothingInAHealthyClusterAndChangesNothing) {
  world.pass(5s);
  const auto before = node("node0").state();

  EXPECT_THAT(drill(), IsEmpty());

  EXPECT_EQ(node("node0").state().vms, before.vms);
  EXPECT_EQ(node("node0").state().nodes, before.nodes);
  const auto& seen = node("node0").drills().so_far()->answers;
  EXPECT_EQ(seen.size(), 3U);
  for (const auto& [id, answer] : seen) {
    EXPECT_EQ(answer.report.peers.size(), 2U);
    EXPECT_TRUE(answer.report.has_watchdog);
    for (const auto& peer : answer.report.peers) EXPECT_FALSE(peer.hypervisor.empty());
  }
}

TEST_F(DrillTest, NamesTheMemberThatHasNoWayToTheFenceDevice) {
  world.pass(5s);
  world.break_fence_device("node2", OutletFault::unreachable, SimulatedPowerStrip::for_good);

  const auto found = drill();

  ASSERT_EQ(found.size(), 2U);
  EXPECT_THAT(found.front().text, HasSubstr("node0 could not fence node2: "));
  EXPECT_THAT(found.back().text, HasSubstr("node1 could not fence node2: "));
}

TEST_F(DrillTest, NamesTheWaysOnWhichNoGuestCanMove) {
  world.pass(5s);
  world.machine("node2").host().stop_hypervisor();

  const auto found = drill();

  std::vector<std::string> texts;
  for (const auto& finding : found) texts.push_back(finding.text);
  EXPECT_THAT(texts, testing::Contains(HasSubstr("no guest can move from node0 to node2: ")));
  EXPECT_THAT(texts, testing::Contains(HasSubstr("no guest can move from node2 to node0: ")));
}

TEST_F(DrillTest, WaitsForAMemberThatStandsStillAndThenGoesOnWithoutIt) {
  world.pass(5s);
  world.machine("node1").stall_daemon(300s);
  world.pass(1s);

  const auto found = drill();

  // Its watchdog resets it meanwhile; whoever had not answered before that is not tested either.
  EXPECT_TRUE(std::ranges::any_of(found, [](const DrillFinding& one) {
    return one.flaw == Flaw::silent && one.text.contains("node1 was not tested");
  }));
}

TEST_F(DrillTest, GoesOnWithoutAMemberThatGoesMeanwhile) {
  world.pass(5s);
  begin();
  world.cut_power("node2");

  world.pass(30s, [this] { return over(); });

  ASSERT_TRUE(over());
  EXPECT_EQ(node("node0").drills().so_far()->answers.at(world.id_of("node2")).answering,
            Answering::silent);
}

TEST_F(DrillTest, AsksNobodyWhoIsTooOldToKnowOfDrills) {
  world.machine("node2").set_release({.name = "0.0.9", .format = wire_format - 1});
  world.machine("node2").restart_daemon();
  world.pass(10s);

  const auto begun = node("node0").drills().begin();
  world.pass(30s);

  // The old member does not understand a state with watchdogs, and is treated as away.
  ASSERT_TRUE(begun);
  const auto& answer = node("node0").drills().so_far()->answers.at(world.id_of("node2"));
  EXPECT_EQ(answer.answering, Answering::silent);
  EXPECT_TRUE(node("node1").in_step());
}

TEST_F(DrillTest, JoinsADrillThatIsUnderWay) {
  world.pass(5s);

  EXPECT_EQ(begin(), begin());
}

TEST_F(DrillTest, RefusesToDrillWithoutQuorum) {
  world.pass(5s);
  world.set_cable("node0", false);
  world.pass(5s, [this] { return !node("node0").in_step(); });

  const auto begun = node("node0").drills().begin();

  ASSERT_FALSE(begun);
  EXPECT_THAT(begun.error().text, HasSubstr("ask on a node that has quorum"));
}

TEST_F(DrillTest, LetsNoWatchdogResetAHostWithGuests) {
  world.pass(5s);

  const auto not_drained = reset("node1");

  ASSERT_TRUE(not_drained && !*not_drained);
  EXPECT_THAT(not_drained->error().text, HasSubstr("it is not drained"));
  world.pass(30s);
  EXPECT_TRUE(world.machine("node1").powered());
}

TEST_F(DrillTest, ResetsAnEmptyHostByItsWatchdogAndFencesNobody) {
  world.pass(5s);
  drain("node1");

  const auto consent = reset("node1");
  ASSERT_TRUE(consent && *consent) << consent->error().text;
  bool gone = false;
  world.pass(13s, [&] { return gone = !world.machine("node1").powered(); });
  EXPECT_TRUE(gone) << "not within the time that was promised";
  world.pass(5s);
  EXPECT_TRUE(
      std::holds_alternative<Left>(node("node0").state().nodes.at(world.id_of("node1")).standing));

  world.pass(20s);
  EXPECT_TRUE(node("node1").in_step());
  EXPECT_TRUE(node("node0").state().nodes.at(world.id_of("node1")).drain.has_value());
}

TEST_F(DrillTest, GoesOnFeedingTheWatchdogOfADaemonThatIsRestartedMeanwhile) {
  world.pass(5s);
  drain("node1");
  const auto consent = reset("node1");
  ASSERT_TRUE(consent && *consent);
  world.pass(2s);

  world.machine("node1").restart_daemon();
  world.pass(60s);

  EXPECT_TRUE(world.machine("node1").powered());
  const auto* here = online(node("node0").state(), world.id_of("node1"));
  ASSERT_NE(here, nullptr);
  EXPECT_FALSE(here->leaving) << "it is closed for guests for good";
}

TEST(DrillWithoutWatchdog, IsRefused) {
  World world{test_bed(3, 0)};
  world.pass(5s);
  std::optional<Result<void>> answer;

  world.machine("node0").node()->drills().ask_for_reset(
      world.id_of("node1"), [&](const Result<void>& given) { answer = given; });
  world.pass(5s);

  ASSERT_TRUE(answer && !*answer);
  EXPECT_THAT(answer->error().text,
              HasSubstr("cannot let the watchdog of node1 reset it: it has no watchdog"));
}

}  // namespace
}  // namespace upbeat
