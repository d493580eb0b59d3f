// SPDX-License-Identifier: Apache-2.0
// What the rules say about places for guests. A guest counts wherever it may run: one that is on
// its way counts at its source and at its target. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "core/state.h"

namespace upbeat {

/// Why a strict rule keeps `vm` from going to `node` ("node2 runs x1, and rule 'db' keeps them
/// apart"); empty if none does.
[[nodiscard]] std::string rule_against(const State& state, const VmId& vm, NodeId node);

/// The same for the rules that bind guests to nodes and apart from each other, without those that
/// keep guests together (core/together.h).
[[nodiscard]] std::string rule_against_alone(const State& state, const VmId& vm, NodeId node);

/// How much `node` goes against the best-effort rules of `vm`: 0 suits them all.
[[nodiscard]] std::uint32_t best_effort_breaches(const State& state, const VmId& vm, NodeId node);

/// How far the guests are from keeping all strict rules; 0: all hold. Moves for the sake of rules
/// are made only if they lower this number, so they come to an end.
[[nodiscard]] std::uint32_t strict_breaches(const State& state);

/// How this rule, strict or not, is broken now ("x0 and x1 may both be on node1"); empty if it
/// holds.
[[nodiscard]] std::string breach_of(const State& state, const Rule& rule);

/// What the rule asks for: "keeps x0, x1 apart".
[[nodiscard]] std::string rule_text(const State& state, const Rule& rule);

/// The strict rule for the sake of which `vm` itself has to be elsewhere; nullptr if it may stay.
[[nodiscard]] const Rule* rule_to_move_for(const State& state, const VmId& vm);

}  // namespace upbeat
