// SPDX-License-Identifier: Apache-2.0
// What one node must be doing now, from state alone. Pure.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/strong.h"
#include "core/state.h"

namespace upbeat {

/// Boot the guest here. `since` tells two tries apart, here and below.
struct RunHere {
  VmId vm;
  EventIndex since;
  auto operator<=>(const RunHere&) const = default;
};
/// Migrate the guest away, helped along as far as `step`.
struct SendAway {
  VmId vm;
  NodeId to;
  EventIndex since;
  MoveStep step = MoveStep::live;
  auto operator<=>(const SendAway&) const = default;
};
/// Make sure that the migration `since` does not go on, and tell how it ended.
struct CallOff {
  VmId vm;
  NodeId to;
  EventIndex since;
  auto operator<=>(const CallOff&) const = default;
};
/// Stop the guest here.
struct EndHere {
  VmId vm;
  StopForce force = StopForce::ask;
  EventIndex since;
  auto operator<=>(const EndHere&) const = default;
};
/// Prove the node off.
struct ProveOff {
  NodeId node;
  EventIndex since;
  auto operator<=>(const ProveOff&) const = default;
};
/// Read and report the inventory: somebody waits for its evidence.
struct ReportInventory {
  auto operator<=>(const ReportInventory&) const = default;
};

using Duty = std::variant<RunHere, SendAway, CallOff, EndHere, ProveOff, ReportInventory>;

/// The duties of `self`; none for a node that is not a member of the view. Level, not edge: a duty
/// stands until an event says that it is done, also across a restart of the daemon.
[[nodiscard]] std::vector<Duty> duties(const State& state, NodeId self);

}  // namespace upbeat
