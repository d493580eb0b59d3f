// SPDX-License-Identifier: Apache-2.0
// Makes a story that goes wrong as short as it can be and still go wrong in the same way.
#pragma once

#include "sim/run.h"
#include "sim/scenario.h"

namespace upbeat {

/// Plays that shortening one story may take.
inline constexpr int shrink_plays_limit = 400;

/// Leaves out steps of the timeline as long as the same checker still finds something (Zeller's and
/// Hildebrandt's delta debugging: "Simplifying and Isolating Failure-Inducing Input", 2002), then
/// what comes after the finding.
[[nodiscard]] Scenario shrink(const Scenario& story, const std::string& checker);

}  // namespace upbeat
