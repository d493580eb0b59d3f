// SPDX-License-Identifier: Apache-2.0
// What a cluster knows when its story begins.
#pragma once

#include <string>

#include "core/state.h"
#include "sim/scenario.h"

namespace upbeat {

/// The id that a node of the scenario has in its world: its place in the list, from 1; 0 if the
/// scenario has no such node.
[[nodiscard]] NodeId id_in(const Scenario& scenario, const std::string& node);

/// The rule as the core has it, its lists sorted.
[[nodiscard]] Rule rule_of(const Scenario& scenario, const ScenarioRule& rule);

/// The guest's definition for the hypervisor, as far as a simulated one reads it.
[[nodiscard]] std::string definition_of(const ScenarioVm& vm);

/// All nodes known, the guests where the scenario has them, the rules and the policy in force.
[[nodiscard]] State first_state(const Scenario& scenario);

}  // namespace upbeat
