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

}  // namespace upbeat
