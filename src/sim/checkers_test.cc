// SPDX-License-Identifier: Apache-2.0
// Each checker can fail: the world, or what members hear of each other, is broken on purpose.
#include "sim/checkers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/gated_ports.h"
#include "sim/run.h"
#include "wire/wire.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;
using testing::StartsWith;

/// The 2006 test bed under all checkers: x0 and x4 run on node0, x1 and x5 on node1, …
class Checkers : public testing::Test {
 protected:
  Checkers() {
    for (const auto& facts : all_checkers()) {
      auto& checker = checkers_[facts.name] = facts.make(world_);
      world_.watch(*checker);
    }
    world_.pass(20s);
  }
  /// As at the end of a story.
  void settle() {
    const auto until = world_.now() + settle_limit;
    while (world_.now() < until && !is_repaired(world_, Concerned::all_nodes)) {
      world_.repair_everything();
      world_.pass(1s);
    }
    for (const auto& [name, checker] : checkers_) checker->on_settled();
  }
  /// What the checker says; empty if all is well with it.
  [[nodiscard]] std::string found(const std::string& name) const {
    const auto& list = checkers_.at(name)->found();
    return list.empty() ? "" : list.front().text;
  }
  /// From now on members hear what `change` makes of the events that are ordered.
  void change_events(const std::function<void(NodeId to, Event& event)>& change) {
    world_.surroundings().tamper = [change](NodeId to, const std::string& bytes) {
      auto message = decode_message(bytes);
      if (!message) return bytes;
      if (auto* proposal = std::get_if<Proposal>(&*message)) change(to, proposal->event);
      return encode(*message);
    };
  }
  /// The first decision to do such a thing is lost, and the coordinator waits for it for ever.
  template <class T>
  void lose_decisions() {
    change_events([](NodeId /*to*/, Event& event) {
      const auto* decided = std::get_if<Decided>(&event);
      if (decided == nullptr) return;
      const auto is_such = [](const Decision& one) {
        return std::holds_alternative<T>(one.action);
      };
      if (std::ranges::any_of(decided->decisions, is_such)) event = Tick{};
    });
  }
  /// Every daemon starts anew, from a disk that holds `state`.
  void go_back_to(const State& state) {
    for (const auto& [id, machine] : world_.machines()) {
      machine->kill_daemon();
      ASSERT_TRUE(machine->disk().save_snapshot(state.index, encode(state)));
    }
    for (const auto& [id, machine] : world_.machines()) machine->start_daemon();
    world_.pass(10s);
  }
  void ask_to_stop(const std::string& vm) {
    world_.ask(VmWanted{VmId(vm), Wanted::stopped}, "vm " + vm + " stop");
    world_.pass(10s);
  }
  void ask_to_drain(const std::string& node) {
    world_.ask(DrainRequested{world_.id_of(node), DrainCause::operator_request, "drain"},
               "drain " + node);
    world_.pass(10s);
  }

  World world_{test_bed(4, 8)};
  std::map<std::string, std::unique_ptr<Checker>> checkers_;
};

TEST_F(Checkers, EachOfThemIsSeenToFailInThisFile) {
  std::vector<std::string> names;
  for (const auto& facts : all_checkers()) names.emplace_back(facts.name);

  EXPECT_THAT(names, testing::ElementsAre("runs-once", "within-capacity", "nothing-forgotten",
                                          "one-state", "invariants-hold", "reasons-given",
                                          "healthy-spared", "runs-in-the-end", "drains-end"));
}

TEST_F(Checkers, FindNothingInAWorldThatIsStruckAndServedWell) {
  change_events([](NodeId /*to*/, Event& /*event*/) {});
  ask_to_stop("x0");
  ask_to_drain("node1");
  world_.cut_power("node2");
  world_.pass(60s);

  settle();

  for (const auto& [name, checker] : checkers_) EXPECT_EQ(found(name), "") << name;
  EXPECT_EQ(world_.host_of("x0"), nullptr);
  EXPECT_NE(world_.host_of("x1")->name(), "node1");
}

TEST_F(Checkers, SeeAGuestThatSomebodyStartsASecondTime) {
  world_.hosts().host("node1").begin_with(VmId("x0"), "uuid-of-x0", 256 * 1024);

  EXPECT_EQ(found("runs-once"), "x0 runs on node0 and on node1");
}

TEST_F(Checkers, SeeAGuestThatMembersStartOnANodeEach) {
  // node3 takes a start on node2 for its own.
  change_events([this](NodeId to, Event& event) {
    auto* decided = std::get_if<Decided>(&event);
    if (decided == nullptr || to != world_.id_of("node3")) return;
    for (auto& decision : decided->decisions) {
      if (auto* start = std::get_if<StartVm>(&decision.action)) start->on = to;
    }
  });
  world_.cut_power("node0");

  world_.pass(30s);

  EXPECT_THAT(found("runs-once"), testing::EndsWith("and on node3"));
}

TEST_F(Checkers, SeeMoreGuestsThanAHostHasMemoryFor) {
  world_.hosts().host("node2").begin_with(VmId("huge"), "uuid-of-huge", 512 * 1024);

  EXPECT_EQ(found("within-capacity"), "node2 has 896 MiB for guests and holds 1024");
}

TEST_F(Checkers, SeeThatAGrantedRequestIsForgotten) {
  const State before = world_.member()->state();
  ask_to_stop("x0");
  EXPECT_EQ(world_.host_of("x0"), nullptr);

  go_back_to(before);
  settle();

  EXPECT_EQ(found("nothing-forgotten"), "it is forgotten what was granted for x0");
}

TEST_F(Checkers, SeeThatAGuestIsForgotten) {
  State without = world_.member()->state();
  without.vms.erase(VmId("x0"));

  go_back_to(without);
  settle();

  EXPECT_EQ(found("nothing-forgotten"), "x0 is forgotten");
}

TEST_F(Checkers, SeeAMemberWhoseStateIsAnotherOneThanTheOthers) {
  change_events([](NodeId to, Event& event) {
    auto* tick = std::get_if<Tick>(&event);
    if (tick != nullptr && to == NodeId(3)) tick->elapsed += 1ms;
  });

  world_.pass(60s);

  EXPECT_THAT(found("one-state"),
              testing::ContainsRegex("node. and node. hold different states after event"));
}

TEST_F(Checkers, SeeAMemberThatDoesNotUnderstandTheOthers) {
  world_.surroundings().tamper = [](NodeId to, const std::string& bytes) {
    return to == NodeId(2) ? "of a later release" : bytes;
  };

  world_.pass(10s);

  EXPECT_THAT(found("invariants-hold"),
              testing::ContainsRegex("node.: it cannot understand what another member says"));
}

TEST_F(Checkers, SeeAMemberThatFindsItsOwnStateBroken) {
  State torn = world_.member()->state();
  torn.vms.edit(VmId("x0")).may_run_on.clear();

  go_back_to(torn);

  EXPECT_THAT(
      found("invariants-hold"),
      testing::EndsWith(": x0 is said to be on node #1, which is not among those that may run it"));
}

TEST_F(Checkers, SeeADecisionWithoutAReason) {
  change_events([](NodeId /*to*/, Event& event) {
    auto* decided = std::get_if<Decided>(&event);
    if (decided == nullptr) return;
    for (auto& decision : decided->decisions) decision.why = Reason("");
  });

  ask_to_drain("node1");

  EXPECT_EQ(found("reasons-given"), "a decision gives no reason");
}

TEST_F(Checkers, SeeTheFencingOfANodeThatIsWell) {
  auto& around = world_.surroundings();
  SimulatedFencer fencer(around.clock, around.strip);
  fencer.act("node1", PowerAction::off, [](const Result<PowerAnswer>& /*state*/) {});

  world_.pass(2s);

  EXPECT_EQ(found("healthy-spared"), "node1 was fenced although it was well");
}

TEST_F(Checkers, SeeAGuestThatStaysDown) {
  lose_decisions<StartVm>();
  world_.host_of("x0")->kill_guest(VmId("x0"));

  settle();

  EXPECT_THAT(found("runs-in-the-end"), StartsWith("x0 is down: "));
}

TEST_F(Checkers, SeeAGuestThatIsGivenUpTooEarly) {
  State resigned = world_.member()->state();
  world_.host_of("x0")->kill_guest(VmId("x0"));
  auto& x0 = resigned.vms.edit(VmId("x0"));
  x0.given_up = true;
  x0.may_run_on.clear();
  x0.phase = Stopped{};

  go_back_to(resigned);
  settle();

  EXPECT_THAT(found("runs-in-the-end"), StartsWith("x0 is down: "));
}

TEST_F(Checkers, SeeAGuestThatRunsAndIsNotWanted) {
  lose_decisions<StopVm>();
  ask_to_stop("x0");

  settle();

  EXPECT_EQ(found("runs-in-the-end"), "x0 runs and is not wanted");
}

TEST_F(Checkers, SeeAClusterInWhichNobodyAgreesOnAnything) {
  world_.surroundings().tamper = [](NodeId /*to*/, const std::string& /*bytes*/) { return "?"; };
  world_.pass(10s);

  settle();

  EXPECT_EQ(found("runs-in-the-end"), "the cluster has no quorate view");
  EXPECT_EQ(found("nothing-forgotten"), "no member of a quorate view is left to ask");
}

TEST_F(Checkers, SeeAGuestThatStaysOnADrainingNode) {
  lose_decisions<MigrateVm>();
  ask_to_drain("node1");

  settle();

  EXPECT_EQ(found("drains-end"), "x1 is still on node1, which is draining");
}

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
