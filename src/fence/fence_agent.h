// SPDX-License-Identifier: Apache-2.0
// Runs a fence agent of ClusterLabs once, and judges what it answers.
#pragma once

#include <chrono>
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

/// Runs action `off` or `on`; success says only that the agent says so. Blocks.
[[nodiscard]] Result<void> tell_agent(const AgentRun& run, PowerAction action);

}  // namespace upbeat
