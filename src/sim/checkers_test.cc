// SPDX-License-Identifier: Apache-2.0
// A checker that cannot fail is none.
#include "sim/checkers.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "sim/scenario.h"

namespace upbeat {
namespace {

std::unique_ptr<Checker> checker(const std::string& name, World& world) {
  const auto& all = all_checkers();
  return std::ranges::find(all, name, &CheckerFacts::name)->make(world);
}

/// What no correct member does: it holds something else than what it was told.
State& state_of(World& world, const std::string& node) {
  return const_cast<State&>(world.machine(node).node()->state());
}

TEST(OneState, IsBrokenOnceAnEventTouchesAGuestOfWhichAMemberThinksDifferently) {
  World world(test_bed(4, 8));
  const auto one_state = checker("one-state", world);
  world.watch(*one_state);
  world.pass(std::chrono::seconds(20));
  ASSERT_TRUE(one_state->found().empty());
  state_of(world, "node2").vms.edit(VmId("x1")).start_failures = 7;
  world.host_of("x1")->kill_guest(VmId("x1"));
  world.pass(std::chrono::seconds(10));
  EXPECT_FALSE(one_state->found().empty());
}

TEST(OneState, IsBrokenByAMemberThatThinksDifferentlyInTheNextView) {
  World world(test_bed(4, 8));
  const auto one_state = checker("one-state", world);
  world.watch(*one_state);
  world.pass(std::chrono::seconds(20));
  state_of(world, "node2").now += ClusterTime{1};
  world.pass(std::chrono::seconds(3));
  EXPECT_FALSE(one_state->found().empty());
}

TEST(LargeTestBed, HasRoomForItsGuestsWithoutAThirdOfItsNodes) {
  const auto old = test_bed(4, 8);
  EXPECT_TRUE(std::ranges::all_of(
      old.nodes, [](const ScenarioNode& node) { return node.memory_mib == 1024; }));
  const auto large = test_bed(100, 2000);
  const auto& node = large.nodes.front();
  EXPECT_GE((node.memory_mib - node.reserve_mib) / large.vms.front().memory_mib * 67, 2000U);
}

}  // namespace
}  // namespace upbeat
