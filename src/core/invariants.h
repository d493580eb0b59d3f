// SPDX-License-Identifier: Apache-2.0
// What must always hold (design, section 3). Run after every step in tests, simulation and
// production; a daemon that finds one broken freezes.
#pragma once

#include <string>
#include <vector>

#include "core/event.h"
#include "core/state.h"

namespace upbeat {

/// What is wrong with this state by itself; empty when all is well.
[[nodiscard]] std::vector<std::string> broken_invariants(const State& state);

/// What is wrong with the step that `event` made, and with all that it changed; empty when all is
/// well. What the step left as it was is not looked at again: a state that comes from elsewhere (a
/// disk, another member) is to be checked by itself once.
[[nodiscard]] std::vector<std::string> broken_invariants(const State& before, const Event& event,
                                                         const State& after);

}  // namespace upbeat
