// SPDX-License-Identifier: Apache-2.0
// Whether a node could be emptied, by the same placement that would do it. Pure.
#pragma once

#include <string>
#include <vector>

#include "core/state.h"

namespace upbeat {

/// A guest that would find no place.
struct Stranded {
  VmId vm;
  std::string why;
};

/// The guests that may run on `node`, most important first, then the largest: the order of leaving.
[[nodiscard]] std::vector<VmId> leaving_order(const State& state, NodeId node);

/// The guests of `node` that nobody could take if it were drained now; empty: it can be emptied.
[[nodiscard]] std::vector<Stranded> stranded_by_drain(const State& state, NodeId node);

/// The guests of `node` that nobody could take if it died now and was proved off.
[[nodiscard]] std::vector<Stranded> stranded_by_loss(const State& state, NodeId node);

/// What emptying a node would be like.
struct Outlook {
  ClusterTime takes{0};            ///< for those that find a place, one after another
  std::vector<Stranded> stranded;  ///< the others; empty: the node can be emptied
};

/// What draining the node now, or going on with that, would be like: each guest takes as long as
/// its last migration or, if it has not moved yet, as its memory at the pace of the others'; one
/// that is on its way, as long as it says itself.
[[nodiscard]] Outlook outlook(const State& state, NodeId node);

/// How long the guest, which is there, still needs to leave its node.
[[nodiscard]] ClusterTime time_to_leave(const State& state, const VmId& vm);

/// What is counted on where no guest has ever moved: a wire of 1 Gb/s, and what each migration
/// needs besides.
inline constexpr std::uint64_t usual_rate_kib_per_s = 110'000;
inline constexpr ClusterTime usual_overhead{1'000};

}  // namespace upbeat
