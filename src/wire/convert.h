// SPDX-License-Identifier: Apache-2.0
// The core's values to Protocol Buffers and back, one pair of functions a type. Internal to wire.
//
// `put` takes its value apart by structured bindings: a field that somebody adds to a struct and
// forgets here does not compile. `take` notes in `Reading` what it cannot make sense of and goes
// on; whatever it returned is then thrown away.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "wire/frame.h"
#include "wire/upbeat.pb.h"
#include "wire/wire.h"

namespace upbeat::wire {

/// One decoding: what it met first that it could not read.
class Reading {
 public:
  /// `kind` and `format` are those of the frame.
  Reading(Kind kind, std::uint32_t format) : kind_(kind), format_(format) {}

  /// The bytes are whole but do not make sense: "it has two nodes #3".
  void senseless(const std::string& what);
  /// Something that this release has no word for: "its kind".
  void unknown(const std::string& what);

  [[nodiscard]] bool ok() const { return problem_.empty(); }
  [[nodiscard]] std::unexpected<Error> error() const { return fail(problem_); }

 private:
  Kind kind_;
  std::uint32_t format_;
  std::string problem_;
};

/// A visitor out of lambdas.
template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};

/// More enumerators than any enumeration here has.
inline constexpr std::uint8_t enumerators_limit = 16;

/// The enumerator that `to_wire` (an exhaustive switch) turns into `value`.
template <class Enum, class Wire>
Enum from_wire(Wire value, Wire (*to_wire)(Enum), const char* what, Reading& reading) {
  for (std::uint8_t i = 0; value != Wire{} && i < enumerators_limit; ++i) {
    if (to_wire(static_cast<Enum>(i)) == value) return static_cast<Enum>(i);
  }
  reading.unknown(what);
  return Enum{};
}

inline std::int64_t to_ms(std::chrono::milliseconds time) { return time.count(); }
inline std::chrono::milliseconds from_ms(std::int64_t ms) { return std::chrono::milliseconds(ms); }

/// Whether a list may be read; too long a one is noted.
bool fits(int entries, Reading& reading);

// Enumerations (convert_enum.cc); a value that is no enumerator gives UNSPECIFIED.
v1::Continuity to_wire(Continuity value);
v1::Sighting to_wire(Sighting value);
v1::Ending to_wire(Ending value);
v1::DrainCause to_wire(DrainCause value);
v1::Wanted to_wire(Wanted value);
v1::StopForce to_wire(StopForce value);
v1::MoveStep to_wire(MoveStep value);
v1::RuleKind to_wire(RuleKind value);
v1::Strictness to_wire(Strictness value);
v1::Failback to_wire(Failback value);
v1::OnShutdown to_wire(OnShutdown value);
v1::DrillKind to_wire(DrillKind value);
v1::Outlet to_wire(Outlet value);
Failback take(v1::Failback value, Reading& reading);
OnShutdown take(v1::OnShutdown value, Reading& reading);
DrainCause take(v1::DrainCause value, Reading& reading);
Wanted take(v1::Wanted value, Reading& reading);
StopForce take(v1::StopForce value, Reading& reading);
MoveStep take(v1::MoveStep value, Reading& reading);

// Events and what states and messages share with them (convert_event.cc).
void put(const NodeHere& in, v1::NodeHere& out);
NodeHere take(const v1::NodeHere& in, Reading& reading);
void put(const NodeNamed& in, v1::NodeNamed& out);
NodeNamed take(const v1::NodeNamed& in, Reading& reading);
void put(const GuestSeen& in, v1::GuestSeen& out);
GuestSeen take(const v1::GuestSeen& in, Reading& reading);
void put(const GuestEnded& in, v1::GuestEnded& out);
GuestEnded take(const v1::GuestEnded& in, Reading& reading);
void put(const Capacity& in, v1::Capacity& out);
Capacity take(const v1::Capacity& in, Reading& reading);
void put(const VmSpec& in, v1::VmSpec& out);
VmSpec take(const v1::VmSpec& in, Reading& reading);
void put(const MigrationProgressed& in, v1::MigrationProgressed& out);
MigrationProgressed take(const v1::MigrationProgressed& in, Reading& reading);
void put(const MigrationEnded& in, v1::MigrationEnded& out);
MigrationEnded take(const v1::MigrationEnded& in, Reading& reading);
void put(const RuleDefined& in, v1::RuleDefined& out);
RuleDefined take(const v1::RuleDefined& in, Reading& reading);
void put(const RuleRemoved& in, v1::RuleRemoved& out);
RuleRemoved take(const v1::RuleRemoved& in, Reading& reading);
void put(const PolicySet& in, v1::PolicySet& out);
PolicySet take(const v1::PolicySet& in, Reading& reading);
void put(const VmFailbackSet& in, v1::VmFailbackSet& out);
VmFailbackSet take(const v1::VmFailbackSet& in, Reading& reading);
void put(const Event& in, v1::Event& out);
Event take(const v1::Event& in, Reading& reading);

// Rules (convert_rule.cc).
void put(const Rule& in, v1::Rule& out);
Rule take(const v1::Rule& in, Reading& reading);

// The policy (convert_policy.cc).
void put(const Policy& in, v1::Policy& out);
Policy take(const v1::Policy& in, Reading& reading);
/// UNSPECIFIED stands for nothing.
v1::Failback to_wire(const std::optional<Failback>& value);
std::optional<Failback> take_optional(v1::Failback value, Reading& reading);

// Decisions (convert_decision.cc).
void put(const Decision& in, v1::Decision& out);
Decision take(const v1::Decision& in, Reading& reading);

// The state (convert_state.cc).
void put(const State& in, v1::State& out);
State take(const v1::State& in, Reading& reading);

// Drills (convert_drill.cc).
void put(const DeviceAnswer& in, v1::DeviceAnswer& out);
DeviceAnswer take(const v1::DeviceAnswer& in, Reading& reading);
void put(const PeerReport& in, v1::PeerReport& out);
PeerReport take(const v1::PeerReport& in, Reading& reading);
void put(const DrillAsked& in, v1::DrillAsked& out);
DrillAsked take(const v1::DrillAsked& in, Reading& reading);
void put(const DrillReported& in, v1::DrillReported& out);
DrillReported take(const v1::DrillReported& in, Reading& reading);

// Messages (convert_message.cc).
void put(const Message& in, v1::Message& out);
Message take(const v1::Message& in, Reading& reading);

// --- lists and maps of what is declared above
// ----------------------------------------------------------

/// Adds to a map whose keys came in order; a key that does not follow the last one is noted.
template <class Key, class Value>
void append(std::map<Key, Value>& map, Key key, Value value, const char* what, Reading& reading) {
  if (!map.empty() && !(map.rbegin()->first < key))
    reading.senseless(std::string(what) + " are out of order or there twice");
  map.emplace_hint(map.end(), std::move(key), std::move(value));
}

/// The same for what `Table` and `Guests` hold.
template <class Sorted, class Key, class Value>
void append(Sorted& table, const Key& key, Value value, const char* what, Reading& reading) {
  if (!table.empty() && !((--table.end())->first < key))
    reading.senseless(std::string(what) + " are out of order or there twice");
  table.emplace(key, std::move(value));
}

template <class Value, class Wire>
void put_list(const std::vector<Value>& in, google::protobuf::RepeatedPtrField<Wire>& out) {
  out.Reserve(static_cast<int>(in.size()));
  for (const Value& value : in) put(value, *out.Add());
}

template <class Wire>
auto take_list(const google::protobuf::RepeatedPtrField<Wire>& in, Reading& reading) {
  std::vector<decltype(take(std::declval<const Wire&>(), reading))> out;
  if (!fits(in.size(), reading)) return out;
  out.reserve(static_cast<std::size_t>(in.size()));
  for (const Wire& value : in) out.push_back(take(value, reading));
  return out;
}

}  // namespace upbeat::wire
