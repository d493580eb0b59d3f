// SPDX-License-Identifier: Apache-2.0
// What a fence agent of ClusterLabs has answered, judged by its exit status and its output. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/process.h"
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

/// What an agent says that it did.
enum class Told : std::uint8_t {
  switched,
  nothing_to_do,  ///< the power was so already
};

/// An error about this run: the device, the agent, what went wrong, and where to look.
[[nodiscard]] std::unexpected<Error> agent_trouble(const AgentRun& run, const std::string& what);

/// Of action `status`. The fence agent API
/// (https://github.com/ClusterLabs/fence-agents/blob/main/doc/FenceAgentAPI.md) says exit status 0
/// for on and 2 for off. But 2 is also what a shell or an interpreter that stumbles exits with, and
/// "off" is a proof on which guests are started: so the agent's output has to say the word, too.
/// Anything else is an error.
[[nodiscard]] Result<PowerState> read_status(const AgentRun& run, const Finished& answer);

/// Of action `off` or `on`: only what the agent says.
[[nodiscard]] Result<Told> read_switched(const AgentRun& run, PowerAction action,
                                         const Finished& answer);

/// Of action `list`: an error if the device names its outlets and `plug` is none of them. A device
/// that names no outlets is believed.
[[nodiscard]] Result<void> find_plug(const AgentRun& run, const std::string& plug,
                                     const Finished& answer);

}  // namespace upbeat
