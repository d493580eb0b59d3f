// SPDX-License-Identifier: Apache-2.0
// What a node that has to go down does with the guests that are still there when its time runs out.
// Pure.
#pragma once

#include <optional>

#include "core/state.h"

namespace upbeat {

/// Before a node goes down, what is left on it is asked to shut down; for short budgets half of the
/// budget.
inline constexpr ClusterTime last_call_span{70'000};
/// And so long before it goes down, what has not shut down is powered off, which it survives better
/// than a host that goes away under it; for short budgets a tenth of the budget.
inline constexpr ClusterTime last_moment_span{10'000};

/// How long the node has until it goes down; none: it can wait, or does not drain.
[[nodiscard]] std::optional<ClusterTime> time_left(const State& state, NodeId node);

/// How long until guests that are still there are shut down; none: it can wait, or does not drain.
[[nodiscard]] std::optional<ClusterTime> last_call_in(const State& state, NodeId node);

/// Whether the guests that are still on the node are to be shut down now, since its time runs out
/// or, where it goes down, since no node stays that could ever take them.
[[nodiscard]] bool is_last_call(const State& state, NodeId node);

/// How long until what does not shut down on the node is powered off; none: it can wait, or does
/// not drain.
[[nodiscard]] std::optional<ClusterTime> last_moment_in(const State& state, NodeId node);

/// Whether that is now.
[[nodiscard]] bool is_last_moment(const State& state, NodeId node);

/// Whether any node stays in the cluster that could take guests, be it one that is about to fail.
[[nodiscard]] bool somebody_stays(const State& state);

}  // namespace upbeat
