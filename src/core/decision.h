// SPDX-License-Identifier: Apache-2.0
// What the coordinator can decide. A decision is data; it changes nothing until it comes back
// through the total order and is applied by all.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/strong.h"
#include "core/move_step.h"
#include "core/reason.h"

namespace upbeat {

/// Boot a guest that runs nowhere.
struct StartVm {
  VmId vm;
  NodeId on;
  bool operator==(const StartVm&) const = default;
};

/// Move a running guest, live.
struct MigrateVm {
  VmId vm;
  NodeId from;
  NodeId to;
  bool operator==(const MigrateVm&) const = default;
};

/// Help a guest's migration to its end, at some cost to the guest.
struct HastenVm {
  VmId vm;
  MoveStep step = MoveStep::live;
  bool operator==(const HastenVm&) const = default;
};

/// End a guest's migration where it began: it would not be over before its node goes down.
struct CallOffMove {
  VmId vm;
  bool operator==(const CallOffMove&) const = default;
};

/// How hard a guest is stopped.
enum class StopForce : std::uint8_t { ask, power_off };

/// Shut a guest down; with `power_off` it is not asked any more.
struct StopVm {
  VmId vm;
  NodeId on;
  StopForce force = StopForce::ask;
  bool operator==(const StopVm&) const = default;
};

/// Prove a lost node off, by the fence devices of node `by`.
struct FenceNode {
  NodeId node;
  NodeId by;
  bool operator==(const FenceNode&) const = default;
};

/// Nothing can be done for this guest now; the reason says what it waits for.
struct HoldVm {
  VmId vm;
  bool operator==(const HoldVm&) const = default;
};

/// Try no more to start this guest, until an operator asks for it again.
struct GiveUpVm {
  VmId vm;
  bool operator==(const GiveUpVm&) const = default;
};

using Action =
    std::variant<StartVm, MigrateVm, HastenVm, CallOffMove, StopVm, FenceNode, HoldVm, GiveUpVm>;

struct Decision {
  Action action;
  Reason why;
  bool operator==(const Decision&) const = default;
};

}  // namespace upbeat
