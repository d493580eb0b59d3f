// SPDX-License-Identifier: Apache-2.0
// Runs a fence agent of ClusterLabs once.
#pragma once

#include <string>

#include "base/result.h"
#include "fence/agent_answer.h"
#include "ports/fencer.h"

namespace upbeat {

/// The program of this name in PATH, /usr/sbin or /sbin, or the absolute path itself.
[[nodiscard]] Result<std::string> find_agent(const std::string& agent);

/// Runs action `status`; what counts as an answer says `read_status`. Blocks. The options' secrets
/// go to the agent's standard input and nowhere else: neither command line nor environment nor the
/// error's text.
[[nodiscard]] Result<PowerState> ask_agent(const AgentRun& run);

/// Runs action `off` or `on`; the answer says only what the agent says. Blocks.
[[nodiscard]] Result<Told> tell_agent(const AgentRun& run, PowerAction action);

/// Runs action `list` and fails if the device names its outlets and `plug` is none of them.
///
/// For whenever a plug is said to be off without having been switched: a stock agent takes what is
/// not on for off, and so an outlet that does not exist (fence_apc_snmp over SNMP 2c does, tried
/// with version 4.12.1). A device that names no outlets is believed. Blocks.
[[nodiscard]] Result<void> check_plug(const AgentRun& run, const std::string& plug);

}  // namespace upbeat
