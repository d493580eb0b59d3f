// SPDX-License-Identifier: Apache-2.0
// Encoding and decoding: convert, then seal; open, then convert.
#include "wire/wire.h"

#include <google/protobuf/arena.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/hash.h"
#include "base/prng.h"
#include "wire/convert.h"
#include "wire/frame.h"
#include "wire/upbeat.pb.h"

namespace upbeat {

namespace {

/// Where the many small parts of a message are while it is converted: they go all at once.
class Workshop {
 public:
  template <class Wire>
  Wire& make() {
    return *google::protobuf::Arena::CreateMessage<Wire>(&arena_);
  }

 private:
  std::array<char, 4096> first_block_;
  google::protobuf::Arena arena_{first_block_.data(), first_block_.size()};
};

template <class Wire, class Value>
std::string body_of(const Value& value) {
  Workshop workshop;
  auto& out = workshop.make<Wire>();
  wire::put(value, out);
  return out.SerializeAsString();
}

template <class Value, class Wire>
Result<Value> decode(wire::Kind kind, std::uint32_t knows, const std::string& bytes) {
  Result<wire::Opened> opened = wire::open(kind, knows, bytes);
  if (!opened) return std::unexpected(opened.error());
  wire::Reading reading(kind, opened->format);
  Workshop workshop;
  auto& in = workshop.make<Wire>();
  if (!in.ParseFromString(opened->body)) reading.senseless("its body cannot be parsed");
  if (!reading.ok()) return reading.error();
  Value value = wire::take(in, reading);
  if (!reading.ok()) return reading.error();
  return value;
}

/// What rules, policies, watchdogs and drills came with.
constexpr std::uint32_t format_of_rules = 2;

bool is_new(const NodeRecord& node) {
  return node.watchdog.count() != 0 || (node.drain && node.drain->cause == DrainCause::maintenance);
}
bool is_new(const VmRecord& vm) { return vm.failback || vm.held_for != NodeId(); }

}  // namespace

std::uint32_t format_needed(const Event& event) {
  const auto* drain = std::get_if<DrainRequested>(&event);
  const bool is_new =
      std::holds_alternative<RuleDefined>(event) || std::holds_alternative<RuleRemoved>(event) ||
      std::holds_alternative<PolicySet>(event) || std::holds_alternative<VmFailbackSet>(event) ||
      std::holds_alternative<WatchdogArmed>(event) ||
      (drain != nullptr && drain->cause == DrainCause::maintenance);
  return is_new ? format_of_rules : wire_needs_format;
}

std::uint32_t format_needed(const State& state) {
  const auto any = [](const auto& records) {
    return std::ranges::any_of(records, [](const auto& entry) { return is_new(entry.second); });
  };
  const bool needs_rules =
      !state.rules.empty() || state.policy != Policy{} || any(state.nodes) || any(state.vms);
  return needs_rules ? format_of_rules : wire_needs_format;
}

std::uint32_t format_needed(const Message& message) {
  if (const auto* proposal = std::get_if<Proposal>(&message)) {
    return format_needed(proposal->event);
  }
  const bool is_new =
      std::holds_alternative<DrillAsked>(message) || std::holds_alternative<DrillReported>(message);
  return is_new ? format_of_rules : wire_needs_format;
}

std::string encode(const Event& event) {
  return wire::seal(wire::Kind::event, format_needed(event), body_of<wire::v1::Event>(event));
}

Result<Event> decode_event(const std::string& bytes, std::uint32_t knows) {
  return decode<Event, wire::v1::Event>(wire::Kind::event, knows, bytes);
}

std::string encode(const State& state) {
  return wire::seal(wire::Kind::state, format_needed(state), body_of<wire::v1::State>(state));
}

Result<State> decode_state(const std::string& bytes, std::uint32_t knows) {
  return decode<State, wire::v1::State>(wire::Kind::state, knows, bytes);
}

std::string encode(const Message& message) {
  return wire::seal(wire::Kind::message, format_needed(message),
                    body_of<wire::v1::Message>(message));
}

Result<Message> decode_message(const std::string& bytes, std::uint32_t knows) {
  return decode<Message, wire::v1::Message>(wire::Kind::message, knows, bytes);
}

namespace {

/// As it stands alone in a state; mixed, for such hashes are summed up.
std::uint64_t hash_of_record(NodeId id, const NodeRecord& record) {
  State alone;
  alone.nodes.emplace(id, record);
  return mix64(hash_of(body_of<wire::v1::State>(alone)));
}
std::uint64_t hash_of_record(const VmId& id, const VmRecord& record) {
  State alone;
  alone.vms.emplace(id, record);
  return mix64(hash_of(body_of<wire::v1::State>(alone)));
}

/// Makes `known` what `now` is; returns by how much the sum of its records' hashes changes.
template <class Key, class Record>
std::uint64_t catch_up(Table<Key, Record>& known, const Table<Key, Record>& now) {
  std::uint64_t change = 0;
  Table<Key, Record>::differences(known, now,
                                  [&](const Key& key, const Record* old, const Record* fresh) {
                                    if (old != nullptr) change -= hash_of_record(key, *old);
                                    if (fresh != nullptr) change += hash_of_record(key, *fresh);
                                  });
  known = now;
  return change;
}

}  // namespace

std::uint64_t StateFingerprint::of(const State& state) {
  sum_ += catch_up(nodes_, state.nodes) + catch_up(vms_, state.vms.records());
  State rest;
  rest.index = state.index;
  rest.epoch = state.epoch;
  rest.now = state.now;
  rest.rules = state.rules;
  rest.policy = state.policy;
  return mix64(hash_of(body_of<wire::v1::State>(rest))) + sum_;
}

std::uint64_t fingerprint(const State& state) { return StateFingerprint().of(state); }

}  // namespace upbeat
