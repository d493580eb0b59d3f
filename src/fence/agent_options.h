// SPDX-License-Identifier: Apache-2.0
// The options of a fence agent: as the agent reads them, and what must never be shown of them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace upbeat {

using AgentOptions = std::map<std::string, std::string>;

/// Reads the files that options ending in `_file` name (now, so that a changed password is used),
/// except for options that the agents themselves call so: debug_file, identity_file, status_file,
/// token_file, cookie_file. Refuses what Upbeat sets by itself and what cannot stand on one line.
[[nodiscard]] Result<AgentOptions> read_options(const AgentOptions& configured);

/// One `key=value` line each, as a fence agent reads them on its standard input.
[[nodiscard]] std::string as_input(const AgentOptions& options);

/// `text` from an agent, fit for a log: without the values of options that are secret or that are
/// not known to be harmless, on one line, and no longer than 300 bytes.
[[nodiscard]] std::string redact(std::string text, const AgentOptions& options);

}  // namespace upbeat
