// SPDX-License-Identifier: Apache-2.0
// What is written comes back whole, and the same value gives the same bytes.
#include "wire/wire.h"

#include <gtest/gtest.h>

#include <boost/pfr/core.hpp>
#include <ranges>
#include <set>
#include <type_traits>

#include "wire/samples_test.h"

namespace upbeat {
namespace {

/// A field that somebody adds to a struct is a default in the samples until they set it, and a
/// field with its default would come back even if it was never written.
template <class T>
void expect_no_default(const T& value) {
  if constexpr (std::is_default_constructible_v<T>) {
    const T empty{};
    boost::pfr::for_each_field(value, [&](const auto& field, auto place) {
      const auto& other = boost::pfr::get<place.value>(empty);
      EXPECT_FALSE(field == other)
          << typeid(T).name() << ": field " << place.value << " is not set in samples_test.cc";
    });
  }
}

template <class... Ts>
void expect_no_default(const std::variant<Ts...>& value) {
  std::visit(
      [](const auto& one) {
        // Those without fields, and the Decision, whose parts have no default to compare with.
        if constexpr (!std::is_empty_v<std::remove_cvref_t<decltype(one)>>) expect_no_default(one);
      },
      value);
}

/// Which alternatives of its variant the values use: all, if none was forgotten.
template <class Variant>
std::size_t kinds(const std::vector<Variant>& values) {
  std::set<std::size_t> seen;
  for (const Variant& value : values) seen.insert(value.index());
  return seen.size();
}

std::vector<Action> sample_actions() {
  std::vector<Action> actions;
  const Event last = sample_events().back();
  for (const Decision& decision : std::get<Decided>(last).decisions)
    actions.push_back(decision.action);
  return actions;
}

TEST(WireSamples, LeaveOutAKindOfEventOrMessageOrAction) {
  EXPECT_EQ(kinds(sample_events()), std::variant_size_v<Event>);
  EXPECT_EQ(kinds(sample_messages()), std::variant_size_v<Message>);
  EXPECT_EQ(kinds(sample_actions()), std::variant_size_v<Action>);
}

TEST(WireSamples, LeaveOutAStandingOrAPhase) {
  std::vector<Standing> standings;
  std::vector<Phase> phases;
  const State state = sample_state();
  for (const auto& [id, node] : state.nodes) standings.push_back(node.standing);
  for (const auto& [id, vm] : state.vms) phases.push_back(vm.phase);
  EXPECT_EQ(kinds(standings), std::variant_size_v<Standing>);
  EXPECT_EQ(kinds(phases), std::variant_size_v<Phase>);
}

TEST(WireSamples, LeaveAFieldOfAnEventOrMessageUnset) {
  for (const Event& event : sample_events()) expect_no_default(event);
  for (const Message& message : sample_messages()) expect_no_default(message);
  for (const Action& action : sample_actions()) expect_no_default(action);
  const auto inventory = std::get<InventoryReported>(sample_events()[2]);
  expect_no_default(inventory.capacity);
  expect_no_default(inventory.guests.back());
  expect_no_default(inventory.ended.front());
  expect_no_default(std::get<ViewChanged>(sample_events()[0]).here.front());
  expect_no_default(std::get<ViewChanged>(sample_events()[0]).configured.front());
}

TEST(WireSamples, LeaveAFieldOfADrillsReportUnset) {
  const auto reported = std::get<DrillReported>(sample_messages().back());
  expect_no_default(reported.report);
  expect_no_default(reported.report.peers.front());
  expect_no_default(reported.report.peers.front().devices.front());
}

TEST(WireSamples, LeaveAFieldOfTheStateUnset) {
  const State state = sample_state();
  const NodeRecord& node = state.nodes.at(NodeId(2));
  expect_no_default(node);
  expect_no_default(*node.drain);
  expect_no_default(*node.fencing);
  for (const auto& [id, other] : state.nodes) expect_no_default(other.standing);
  const VmRecord& vm = state.vms.at(VmId("x4"));
  expect_no_default(vm);
  expect_no_default(vm.spec);
  expect_no_default(*vm.last_move);
  expect_no_default(*std::get<Migrating>(vm.phase).progress);
  for (const auto& [id, other] : state.vms) expect_no_default(other.phase);
  expect_no_default(state.rules.at(RuleId("r3")));
  expect_no_default(state.policy);
  static_assert(boost::pfr::tuple_size_v<State> == 10, "set the new field in sample_state");
}

TEST(Wire, LosesPartOfAnEvent) {
  for (const Event& event : sample_events()) {
    const Result<Event> back = decode_event(encode(event));
    ASSERT_TRUE(back) << "event " << event.index() << ": " << back.error().text;
    EXPECT_TRUE(*back == event) << "event " << event.index();
  }
}

TEST(Wire, LosesPartOfAMessage) {
  for (const Message& message : sample_messages()) {
    const Result<Message> back = decode_message(encode(message));
    ASSERT_TRUE(back) << "message " << message.index() << ": " << back.error().text;
    EXPECT_TRUE(*back == message) << "message " << message.index();
  }
}

TEST(Wire, LeavesAReportInTheOrderOfItsSender) {
  InventoryReported report{.node = NodeId(1)};
  report.guests = {{VmId("x2"), 1, Sighting::running}, {VmId("x1"), 1, Sighting::running}};
  report.busy = {VmId("x2"), VmId("x1")};
  const auto back = decode_event(encode(Event(report)));
  ASSERT_TRUE(back);
  const auto& sorted = std::get<InventoryReported>(*back);
  EXPECT_EQ(sorted.guests.front().vm, VmId("x1"));
  EXPECT_EQ(sorted.busy.front(), VmId("x1"));
}

TEST(Wire, LosesTheEventOfAProposal) {
  for (const Event& event : sample_events()) {
    const Message message = Proposal{.epoch = Epoch(1), .event = event, .from = NodeId(2)};
    const Result<Message> back = decode_message(encode(message));
    ASSERT_TRUE(back) << "event " << event.index() << ": " << back.error().text;
    EXPECT_TRUE(*back == message) << "event " << event.index();
  }
}

TEST(Wire, LosesPartOfTheState) {
  const State state = sample_state();
  const Result<State> back = decode_state(encode(state));
  ASSERT_TRUE(back) << back.error().text;
  EXPECT_TRUE(*back == state);
}

TEST(Wire, TakesWhatIsNotThereForZero) {
  State state;
  state.nodes[NodeId(1)] = {};
  state.vms[VmId("")] = {};
  state.vms[VmId("x1")] = {.move_to = NodeId(0), .last_move = MigrationEnded{}};
  const Result<State> back = decode_state(encode(state));
  ASSERT_TRUE(back) << back.error().text;
  EXPECT_TRUE(*back == state);
  for (const std::optional<NodeId> to : {std::optional<NodeId>(), std::optional(NodeId(0))}) {
    const Event event = VmMigrateRequested{.vm = VmId("x1"), .to = to};
    EXPECT_TRUE(decode_event(encode(event)) == event);
  }
  EXPECT_TRUE(decode_event(encode(Event(PolicySet{}))) == Event(PolicySet{}));
}

TEST(Wire, WritesTheLogOfTheLastEventIntoASnapshot) {
  State state = sample_state();
  const std::string bytes = encode(state);
  const std::uint64_t before = fingerprint(state);
  state.log = {{"x1", "started on node1"}};
  state.refused = "no such guest";
  EXPECT_EQ(encode(state), bytes);
  EXPECT_EQ(fingerprint(state), before);
}

TEST(Wire, GivesOtherBytesForTheSameState) {
  const State state = sample_state();
  State built_backwards = state;
  built_backwards.nodes = {};
  built_backwards.vms = {};
  for (const auto& [id, node] : std::views::reverse(state.nodes)) {
    built_backwards.nodes.emplace(id, node);
  }
  for (const auto& [id, vm] : std::views::reverse(state.vms)) built_backwards.vms.emplace(id, vm);
  EXPECT_EQ(encode(built_backwards), encode(state));
  EXPECT_EQ(encode(*decode_state(encode(state))), encode(state));
}

TEST(Fingerprint, IsTheSameForOtherStates) {
  std::set<std::uint64_t> prints{fingerprint(State{})};
  State state = sample_state();
  prints.insert(fingerprint(state));
  state.vms.edit(VmId("x7")).phase = Stopped{};
  prints.insert(fingerprint(state));
  state.nodes.edit(NodeId(1)).drain.reset();
  prints.insert(fingerprint(state));
  EXPECT_EQ(prints.size(), 4U);
}

TEST(Fingerprint, IsTheSameHoweverTheStateWasComeTo) {
  StateFingerprint running;
  State state;
  EXPECT_EQ(running.of(state), fingerprint(state));
  state = sample_state();
  EXPECT_EQ(running.of(state), fingerprint(state));
  state.vms.edit(VmId("x7")).phase = Stopped{};
  state.nodes.edit(NodeId(1)).drain.reset();
  state.now += ClusterTime(1);
  EXPECT_EQ(running.of(state), fingerprint(state));
  state.vms.erase(VmId("x7"));
  EXPECT_EQ(running.of(state), fingerprint(state));
  EXPECT_EQ(running.of(State{}), fingerprint(State{}));
}

/// The bytes of a format never change: members of two releases compare fingerprints, and a node
/// reads what an older release wrote. A new field in a sample changes this number; so does a field
/// that lost its number or type in upbeat.proto, and that must not be.
TEST(Fingerprint, ChangesFromReleaseToRelease) {
  EXPECT_EQ(fingerprint(State{}), 0xf52a15e9a9b5e89bU);
  EXPECT_EQ(fingerprint(sample_state()), 0xc880b06eaf6b4ae2U);
}

/// What format 2 added is not there: members of both formats must agree on such a state.
TEST(Fingerprint, ChangesForAStateThatFormat1Knows) {
  State state = sample_state();
  state.rules.clear();
  state.policy = {};
  for (const auto& [id, record] : state.vms) {
    auto& vm = state.vms.edit(id);
    vm.failback.reset();
    vm.home = vm.last_on = vm.held_for = NodeId();
    if (auto* move = std::get_if<Migrating>(&vm.phase)) {
      move->begun_at = {};
      move->step = MoveStep::live;
      move->given_up = false;
    }
  }
  for (const auto& [id, node] : state.nodes) {
    auto& record = state.nodes.edit(id);
    record.losses.clear();
    record.quarantine.reset();
    record.drain->cause = DrainCause::shutdown;
    record.drain->deadline->by = DrainCause::shutdown;
    record.watchdog = {};
    if (auto* lost = std::get_if<Lost>(&record.standing)) {
      lost->daemon_went_first = false;
      lost->settles_at = {};
    }
  }
  EXPECT_EQ(fingerprint(state), 0x6f8f8e9b8fd9f72dU);
}

}  // namespace
}  // namespace upbeat
