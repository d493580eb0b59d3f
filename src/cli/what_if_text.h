// SPDX-License-Identifier: Apache-2.0
// What would happen, as people and programs read it. Pure.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <vector>

#include "cli/terminal.h"
#include "sim/what_if.h"

namespace upbeat::cli {

/// VMs whose reason for staying down is told one by one; of the others it is told how many.
inline constexpr std::size_t reasons_limit = 8;

/// The commands in one or more `--what`s, each of which may hold several, with ';' in between.
[[nodiscard]] std::vector<std::string> split_commands(const std::vector<std::string>& whats);

/// A row for each VM to which something happens, the worst first; then in sentences what does not
/// fit, what becomes of nodes and quorum, how long all takes, and what was assumed.
[[nodiscard]] std::string what_if_text(const WhatIf& story, Colours colours);

/// Everything, with the log.
[[nodiscard]] boost::json::object what_if_view(const WhatIf& story);

}  // namespace upbeat::cli
