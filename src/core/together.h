// SPDX-License-Identifier: Apache-2.0
// Guests that strict rules keep together: a group, which has one node for all of it. Pure.
//
// A group's node is one where the whole group may be: a node that keeps its guests, that no other
// strict rule forbids to any of them, and that has room for those who are not there yet. Among such
// nodes it is the home that all of them go back to, else the one where most of the group is. Guests
// on any other node (draining, lost, too small for all) bind nobody there: so the first one that
// leaves it may choose, the others follow, and a group that cannot be whole where it is goes where
// it can.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "core/state.h"

namespace upbeat {

/// The guests that `rules` keep strictly with `vm`, directly or through others, and itself.
[[nodiscard]] std::set<VmId> bound_together(const std::map<RuleId, Rule>& rules, const VmId& vm);

/// Why strict togetherness keeps `vm` from going to `node`; empty if it does not.
[[nodiscard]] std::string together_against(const State& state, const VmId& vm, NodeId node);

/// Whether the guest is not where its group belongs.
[[nodiscard]] bool is_stray(const State& state, const VmId& vm);

/// How many guests are strays.
[[nodiscard]] std::uint32_t strays(const State& state);

}  // namespace upbeat
