// SPDX-License-Identifier: Apache-2.0
// How a story ends: what is true of each node and guest, in sentences.
#pragma once

#include <string>
#include <vector>

#include "sim/world.h"

namespace upbeat {

/// A sentence a node, one for each guest that does not run, and for each broken rule.
[[nodiscard]] std::vector<std::string> ending_of(World& world);

}  // namespace upbeat
