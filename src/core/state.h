// SPDX-License-Identifier: Apache-2.0
// The cluster as all its members know it. Only `apply` (core/apply.h) changes it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/guests.h"
#include "core/records.h"
#include "core/table.h"

namespace upbeat {

/// A line of what happened, for people: "x1", "started on node2: node1 was proved off …".
struct LogLine {
  std::string subject;
  std::string text;
  bool operator==(const LogLine&) const = default;
};

struct State {
  EventIndex index;  ///< events applied so far
  Epoch epoch;       ///< of the last quorate view
  /// Grows when a part without a majority goes on alone. Two parts that were cut off from each
  /// other may each have gone on; of two histories the one with the higher term counts.
  std::uint64_t term = 0;
  ClusterTime now{0};
  Table<NodeId, NodeRecord> nodes;
  Guests vms;
  std::map<RuleId, Rule> rules;
  Policy policy;
  std::vector<LogLine> log;  ///< what the last event did; not part of snapshots
  std::string refused;       ///< why the last event, a request, was not granted; not in snapshots
  bool operator==(const State&) const = default;
};

/// The member that decides: the eldest of the view, the lowest id among equals; 0 if there is none.
[[nodiscard]] NodeId coordinator(const State& state);

/// How the node stands if it is in the view, or nullptr.
[[nodiscard]] const Online* online(const State& state, NodeId node);

/// Whether guests of the node are there to stay: it is in the view and neither draining nor
/// leaving nor quarantined.
[[nodiscard]] bool keeps_guests(const State& state, NodeId node);

/// Why the node takes no new guest at all ("is draining"); empty if it does.
[[nodiscard]] std::string why_closed(const State& state, NodeId node);

/// The node's name, or "node #7" for one that nobody named.
[[nodiscard]] std::string name_of(const State& state, NodeId node);

/// Whether a drain for this cause is announced by the node's host, and taken back by it.
[[nodiscard]] bool is_of_its_host(DrainCause cause);

/// Whether the node's host, not an operator, set the time by which it goes down.
[[nodiscard]] bool has_deadline_of_shutdown(const Drain& drain);

/// Whether the node, which is here, has announced that its guests have to go: it goes down, or is
/// about to fail.
[[nodiscard]] bool is_told_to_go(const State& state, NodeId node);

/// The node with this name; 0 if there is none.
[[nodiscard]] NodeId node_named(const State& state, const std::string& name);

/// Whether the node's guests are to be shut down, not moved, because it is told to go down.
[[nodiscard]] bool stops_its_guests(const State& state, NodeId node);

/// The node that the guest goes back to once it can; 0 if it stays where it is.
[[nodiscard]] NodeId home_to_return_to(const State& state, const VmRecord& vm);

/// Memory of a node that no guest uses or is promised, in KiB. Guests count wherever they may run.
[[nodiscard]] std::uint64_t free_memory_kib(const State& state, NodeId node);

/// Before a guest that was asked to shut down is given another answer: power off, or, if it is
/// wanted running again by then, to be left alone.
inline constexpr ClusterTime stop_patience{60'000};

/// Whether the guest was asked to shut down, is wanted running again where it is, and had time
/// enough to go.
[[nodiscard]] bool stays_up(const State& state, const VmRecord& vm);

/// Whether more than half of the nodes are in the view. The engine's quorum may need less (two
/// nodes, a quorum device): then two parts could each be fed, so watchdogs prove nothing.
[[nodiscard]] bool has_majority(const State& state);

/// Why nothing may begin here, neither a guest nor what an operator asks for: this part of the
/// cluster has quorum without a majority, so another part may have it too, and it has not been
/// proved off. Empty if things may begin.
[[nodiscard]] std::string why_nothing_begins(const State& state);

/// Whether a part without a majority goes on: all other nodes are gone for sure.
[[nodiscard]] bool goes_on_alone(const State& state);

/// So long the part with fewer guests waits before it proves another off, where none has a
/// majority: else two that are cut off from each other would shoot each other.
inline constexpr ClusterTime fence_head_start{5'000};

/// How long this part of the cluster leaves the other the first shot.
[[nodiscard]] ClusterTime first_shot_of_others(const State& state);

/// How long until the node's watchdog has reset it for sure, if it is gone and promised that.
[[nodiscard]] std::optional<ClusterTime> reset_due_in(const State& state, const NodeRecord& node);

/// Whether this node's guests have all left it: nothing may run there.
[[nodiscard]] bool is_empty(const State& state, NodeId node);

}  // namespace upbeat
