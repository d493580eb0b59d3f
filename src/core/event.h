// SPDX-License-Identifier: Apache-2.0
// Everything that can happen, as data. All members apply the same events in the same order.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/strong.h"
#include "core/decision.h"
#include "core/policy.h"
#include "core/rule.h"

namespace upbeat {

/// A host of the view. `incarnation` is 0 while its daemon is away.
struct NodeHere {
  NodeId id;
  std::uint64_t incarnation = 0;
  bool operator==(const NodeHere&) const = default;
};

/// A host that the cluster's configuration names.
struct NodeNamed {
  NodeId id;
  std::string name;
  bool operator==(const NodeNamed&) const = default;
};

/// Whether somebody in the view has lived with the cluster's state until now.
enum class Continuity : std::uint8_t {
  warm,      ///< a member carried the state over from the quorate view before
  cold,      ///< everybody read it from disk: nobody saw what happened in between
  regained,  ///< members carried it over, and all of them were without quorum in between
};

/// A quorate view was agreed on and its members hold the same state.
struct ViewChanged {
  Epoch epoch;
  Continuity continuity = Continuity::warm;
  std::vector<NodeHere> here;         ///< sorted by id
  std::vector<NodeNamed> configured;  ///< sorted by id
  bool operator==(const ViewChanged&) const = default;
};

/// Cluster time moves on. Sent by the coordinator; more than `tick_limit` counts as `tick_limit`.
struct Tick {
  std::chrono::milliseconds elapsed{0};
  bool operator==(const Tick&) const = default;
};
inline constexpr std::chrono::milliseconds tick_limit{5000};

/// How a guest of a node's inventory stands (ports/hypervisor.h, GuestPhase).
enum class Sighting : std::uint8_t { running, incoming, outgoing };

struct GuestSeen {
  VmId vm;
  std::uint64_t memory_kib = 0;
  Sighting sighting = Sighting::running;
  bool operator==(const GuestSeen&) const = default;
};

/// Why a guest is no longer in the inventory, where the hypervisor told; for people and policy.
enum class Ending : std::uint8_t { shut_down, destroyed, crashed, migrated, failed };

struct GuestEnded {
  VmId vm;
  Ending ending = Ending::crashed;
  bool operator==(const GuestEnded&) const = default;
};

/// What a node can carry. `memory_kib` is for guests: the host's reserve is taken off already.
struct Capacity {
  std::uint64_t memory_kib = 0;
  std::uint32_t cores = 0;
  bool operator==(const Capacity&) const = default;
};

/// A node read its hypervisor: all its guests, complete. `as_of` is the last event that the node
/// had applied when it began to read; what was placed on it later is not denied by this report, nor
/// is any guest in `busy`, with which the node is doing something just now.
struct InventoryReported {
  NodeId node;
  std::uint64_t incarnation = 0;
  EventIndex as_of;
  Capacity capacity;
  std::vector<GuestSeen> guests;  ///< sorted by vm
  std::vector<VmId> busy;         ///< sorted
  std::vector<GuestEnded> ended;  ///< since the report before, sorted by vm
  bool operator==(const InventoryReported&) const = default;
};

/// A node has no guest and leaves on purpose; or it `stays`: the shutdown that it was told of does
/// not happen.
struct NodeLeaving {
  NodeId node;
  bool stays = false;
  bool operator==(const NodeLeaving&) const = default;
};

/// Why a node is drained, and what ends it.
enum class DrainCause : std::uint8_t {
  operator_request,  ///< until an operator ends it; granted only if all guests find a place
  shutdown,          ///< until the node is back
  maintenance,       ///< until an operator ends it; guests that find no place leave once they do
  battery,           ///< until mains power is back: its host stays up for as long as its UPS does
  failing,           ///< until the host is well again: it runs on, and nothing is shut down for it
};

struct DrainRequested {
  NodeId node;
  DrainCause cause = DrainCause::operator_request;
  std::string why;  ///< for people: "reboot"
  /// From now on: the node goes down by then, empty or not. None: it can wait.
  std::optional<std::chrono::milliseconds> budget;
  bool operator==(const DrainRequested&) const = default;
};

struct UndrainRequested {
  NodeId node;
  bool operator==(const UndrainRequested&) const = default;
};

/// What came of trying to prove a node off.
struct FenceReported {
  NodeId node;
  NodeId by;
  bool proved_off = false;
  std::string detail;  ///< for people: the device that answered, or what went wrong
  bool operator==(const FenceReported&) const = default;
};

/// An operator, by name, vouches that a node is off.
struct OffConfirmed {
  NodeId node;
  std::string who;
  bool operator==(const OffConfirmed&) const = default;
};

/// A node's daemon has armed its host's watchdog: once it no longer hears the order of a quorate
/// view, nothing feeds the watchdog, and the host is reset within `timeout` and `watchdog_margin`
/// (state.h). Zero takes that back; it is disarmed only after that is safe.
struct WatchdogArmed {
  NodeId node;
  std::uint64_t incarnation = 0;
  std::chrono::milliseconds timeout{0};
  bool operator==(const WatchdogArmed&) const = default;
};

/// A guest as its owner defined it. `domain_xml` holds `uuid`.
struct VmSpec {
  std::string uuid;
  std::uint64_t memory_kib = 0;
  std::uint32_t cores = 1;
  std::int32_t priority = 0;  ///< higher is served first
  std::string domain_xml;
  bool operator==(const VmSpec&) const = default;
};

struct VmDefined {
  VmId vm;
  VmSpec spec;
  bool operator==(const VmDefined&) const = default;
};

enum class Wanted : std::uint8_t { stopped, running, removed };

/// An operator wants a guest running, stopped, or stopped and then removed.
struct VmWanted {
  VmId vm;
  Wanted wanted = Wanted::running;
  StopForce force = StopForce::ask;  ///< for stopping
  bool operator==(const VmWanted&) const = default;
};

/// An operator wants a running guest elsewhere; without `to` Upbeat chooses.
struct VmMigrateRequested {
  VmId vm;
  std::optional<NodeId> to;
  bool operator==(const VmMigrateRequested&) const = default;
};

/// An operator sets a rule; it takes the place of one of the same name.
struct RuleDefined {
  Rule rule;
  bool operator==(const RuleDefined&) const = default;
};

struct RuleRemoved {
  RuleId name;
  bool operator==(const RuleRemoved&) const = default;
};

/// An operator changes the policy; what is not given stays as it is.
struct PolicySet {
  std::optional<std::uint32_t> restart_tries_here;
  std::optional<std::uint32_t> restart_tries_elsewhere;
  std::optional<Failback> failback;
  std::optional<OnShutdown> on_shutdown;
  std::optional<std::uint32_t> quarantine_losses;
  std::optional<std::uint32_t> quarantine_window_s;
  bool operator==(const PolicySet&) const = default;
};

/// An operator gives a guest a failback of its own; nothing: the cluster's policy counts.
struct VmFailbackSet {
  VmId vm;
  std::optional<Failback> failback;
  bool operator==(const VmFailbackSet&) const = default;
};

struct VmStartFailed {
  VmId vm;
  NodeId on;
  EventIndex since;  ///< the decision that was tried (duties.h)
  std::string why;
  bool operator==(const VmStartFailed&) const = default;
};

/// The source's call to migrate ended; the inventories say where the guest is.
struct MigrationEnded {
  VmId vm;
  NodeId from;
  NodeId to;
  EventIndex since;  ///< the decision that was carried out (duties.h)
  bool success = false;
  std::string why;  ///< of a failure
  std::uint32_t total_ms = 0;
  std::uint32_t downtime_ms = 0;
  bool operator==(const MigrationEnded&) const = default;
};

/// How far a migration is; for people only.
struct MigrationProgressed {
  VmId vm;
  std::uint64_t memory_total_kib = 0;
  std::uint64_t memory_left_kib = 0;
  std::uint64_t rate_kib_per_s = 0;
  std::uint64_t dirty_kib_per_s = 0;
  bool operator==(const MigrationProgressed&) const = default;
};

/// What the coordinator decided, in the view that it decided in; of another view it is void.
struct Decided {
  Epoch view;
  std::vector<Decision> decisions;
  bool operator==(const Decided&) const = default;
};

using Event =
    std::variant<ViewChanged, Tick, InventoryReported, NodeLeaving, DrainRequested,
                 UndrainRequested, FenceReported, OffConfirmed, VmDefined, VmWanted,
                 VmMigrateRequested, RuleDefined, RuleRemoved, PolicySet, VmFailbackSet,
                 VmStartFailed, MigrationEnded, MigrationProgressed, WatchdogArmed, Decided>;

}  // namespace upbeat
