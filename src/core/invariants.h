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

/// What is wrong with the step that `event` made; empty when all is well.
[[nodiscard]] std::vector<std::string> broken_invariants(const State& before, const Event& event,
                                                         const State& after);

}  // namespace upbeat
