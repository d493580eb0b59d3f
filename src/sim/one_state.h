// SPDX-License-Identifier: Apache-2.0
// The checker that compares what members hold.
#pragma once

#include <memory>

#include "sim/checkers.h"

namespace upbeat {

/// "one-state": members that applied the same event of the same view hold the same state.
[[nodiscard]] std::unique_ptr<Checker> make_one_state(World& world);

}  // namespace upbeat
