// SPDX-License-Identifier: Apache-2.0
// Runs a fence agent of ClusterLabs once, and judges what it answers.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "fence/agent_options.h"
#include "ports/fencer.h"

namespace upbeat {

/// One run of an agent, with all its options; `action` is added.
struct AgentRun {
  std::string device;  ///< its name, for errors
  std::string agent;
  AgentOptions options;
  std::chrono::milliseconds timeout{20'000};
  int stop_fd = -1;  ///< readable: end the agent, see Command::stop_fd
};

/// The program of this name in PATH, /usr/sbin or /sbin, or the absolute path itself.
[[nodiscard]] Result<std::string> find_agent(const std::string& agent);

/// Runs action `status`. The fence agent API
/// (https://github.com/ClusterLabs/fence-agents/blob/main/doc/FenceAgentAPI.md) says exit status 0
/// for on and 2 for off. But 2 is also what a shell or an interpreter that stumbles exits with, and
/// "off" is a proof on which guests are started: so the agent's output has to say the word, too.
/// Anything else is an error. Blocks. The options' secrets go to its standard input and nowhere
/// else: neither command line nor environment nor the error's text.
[[nodiscard]] Result<PowerState> ask_agent(const AgentRun& run);

/// What an agent says that it did.
enum class Told : std::uint8_t {
  switched,
  nothing_to_do,  ///< the power was so already
};

/// Runs action `off` or `on`; the answer says only what the agent says. Blocks.
[[nodiscard]] Result<Told> tell_agent(const AgentRun& run, PowerAction action);

/// Runs action `list` and fails if the device names its outlets and `plug` is none of them.
///
/// For whenever a plug is said to be off without having been switched: a stock agent takes what is
/// not on for off, and so an outlet that does not exist (fence_apc_snmp over SNMP 2c does, tried
/// with version 4.12.1). A device that names no outlets is believed. Blocks.
[[nodiscard]] Result<void> check_plug(const AgentRun& run, const std::string& plug);

}  // namespace upbeat
