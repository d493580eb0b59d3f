// SPDX-License-Identifier: Apache-2.0
// `upbeat simulate --from-cluster`: what would happen to this cluster if …
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace upbeat::cli {

/// Whether the log is printed, too; JSON has it in any case.
enum class ShowLog : std::uint8_t { no, yes };

/// Takes the live state from the daemon, plays the commands of `whats` on a copy and prints what
/// would happen; ends with `exit_would_be_down` where a guest that runs now would stay down.
void simulate_cluster(const ApiOptions& options, const std::vector<std::string>& whats,
                      ShowLog show_log);

}  // namespace upbeat::cli
