// SPDX-License-Identifier: Apache-2.0
// Rehearsals on the live cluster: a drain and back again, a watchdog that resets an empty host.
#pragma once

#include <optional>
#include <string>

#include "cli/command.h"

namespace upbeat::cli {

struct RehearsalOptions {
  bool yes = false;  ///< nobody is asked for consent
  std::optional<double> timeout_s;
};

/// Drains the node, tells what each move was like, ends the drain and moves the guests back. No
/// guest is shut down. Ctrl-C or the time-out ends the drain. Ends by CLI::RuntimeError unless all
/// guests left and are back.
void rehearse_drain(const ApiOptions& api, const RehearsalOptions& options,
                    const std::string& node);

/// The same with a node whose watchdog resets its host while it is empty. Ends by CLI::RuntimeError
/// unless the host went within the promised time and came back.
void rehearse_watchdog(const ApiOptions& api, const RehearsalOptions& options,
                       const std::string& node);

}  // namespace upbeat::cli
