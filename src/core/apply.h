// SPDX-License-Identifier: Apache-2.0
// The one function that changes the cluster's state. Pure.
#pragma once

#include "core/event.h"
#include "core/state.h"

namespace upbeat {

/// The state after `event`. An event that no longer fits (a decision of another view, a start whose
/// guest has come to life meanwhile, a late report) changes nothing but the index. `log` and
/// `refused` of the result tell what this event did.
[[nodiscard]] State apply(State state, const Event& event);

/// Whether the report would tell this state anything that it does not know.
[[nodiscard]] bool is_news(const State& state, const InventoryReported& report);

}  // namespace upbeat
