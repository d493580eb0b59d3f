// SPDX-License-Identifier: Apache-2.0
// Which events wait for the disk.
#pragma once

#include "core/event.h"
#include "core/state.h"

namespace upbeat {

/// Whether somebody acts on it, or was promised it: then it must not be forgotten. What was only
/// seen may be: a state without the last of that is an older one, by which a guest may be running
/// on more nodes, never on fewer. It gets to the disk for good with the next decision.
[[nodiscard]] bool must_last(const State& before, const Event& event, const State& after);

}  // namespace upbeat
