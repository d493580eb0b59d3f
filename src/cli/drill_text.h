// SPDX-License-Identifier: Apache-2.0
// A drill as people read it: the API's JSON to text. Pure.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <vector>

#include "cli/terminal.h"

namespace upbeat::cli {

/// A row for each node, and below it what would fail on the day, worst first.
[[nodiscard]] std::string drill_text(const boost::json::value& drill, Colours colours);
/// A line for each member: whether it has answered.
[[nodiscard]] std::vector<std::string> drill_progress(const boost::json::value& drill);

}  // namespace upbeat::cli
