// SPDX-License-Identifier: Apache-2.0
// A drill as the API shows it: to JSON. Pure; docs/api/openapi.yaml gives the shapes.
#pragma once

#include <boost/json/fwd.hpp>

#include "core/drill.h"

namespace upbeat {

/// All that came of the drill so far: {drill, begun_wall_ms, running, nodes, findings}.
[[nodiscard]] boost::json::object drill_view(const State& state, const DrillSoFar& drill);

}  // namespace upbeat
