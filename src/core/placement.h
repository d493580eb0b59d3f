// SPDX-License-Identifier: Apache-2.0
// Where a guest goes: by rules and free memory, never above capacity. Pure.
#pragma once

#include <expected>
#include <string>

#include "core/state.h"

namespace upbeat {

/// A node for a guest, and why this one.
struct Place {
  NodeId node;
  std::string why;  ///< "node2 has most memory free (640 MiB)"
};

/// The node on which `vm` should run next, other than where it runs: a member of the view that has
/// reported, is not draining or leaving, breaks no strict rule (core/rules.h) and has room. The one
/// that breaks fewest best-effort rules wins, then the one with most memory free, then the lowest
/// id; nodes that the guest avoids come last. A guest that is down, or whose node goes down, is
/// placed on a node that is about to fail rather than nowhere. Otherwise why there is none: per
/// node, what is missing.
[[nodiscard]] std::expected<Place, std::string> place(const State& state, const VmId& vm);

/// Whether a node that drains like this is only about to fail, and neither goes down nor is wanted
/// empty by an operator: the last resort.
[[nodiscard]] bool is_last_resort(const Drain& drain);

/// Whether `vm` may go to `node`: nothing, or why not ("node2 has 128 MiB free, x7 needs 256 MiB").
[[nodiscard]] std::expected<void, std::string> fits(const State& state, const VmId& vm,
                                                    NodeId node);

}  // namespace upbeat
