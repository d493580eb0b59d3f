// SPDX-License-Identifier: Apache-2.0
// Runs a fence agent of ClusterLabs once.
#include "fence/fence_agent.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/process.h"

namespace upbeat {
namespace {

constexpr std::size_t agent_output_limit_bytes = 64U << 10U;

Result<Finished> run_agent(const AgentRun& run, const std::string& action) {
  auto program = find_agent(run.agent);
  if (!program) return fail("fence device '" + run.device + "': " + program.error().text);
  AgentOptions options = run.options;
  options["action"] = action;
  auto finished = upbeat::run({.argv = {*program},
                               .input = as_input(options),
                               .timeout = run.timeout,
                               .output_limit_bytes = agent_output_limit_bytes,
                               .stop_fd = run.stop_fd});
  if (!finished) {
    return agent_trouble(run, "could not do '" + action + "' (" + finished.error().text + ")");
  }
  return finished;
}

}  // namespace

Result<std::string> find_agent(const std::string& agent) {
  const auto runs = [](const std::string& path) { return ::access(path.c_str(), X_OK) == 0; };
  if (agent.starts_with('/') && runs(agent)) return agent;
  if (!agent.empty() && agent.find('/') == std::string::npos) {
    const char* set = std::getenv("PATH");
    const std::string path = std::string(set == nullptr ? "" : set) + ":/usr/sbin:/sbin";
    for (std::size_t at = 0; at < path.size();) {
      const auto end = std::min(path.find(':', at), path.size());
      std::string program = path.substr(at, end - at) + "/" + agent;
      if (end > at && runs(program)) return program;
      at = end + 1;
    }
  }
  return fail("there is no fence agent '" + agent +
              "'; install the package fence-agents, or correct the name");
}

Result<PowerState> ask_agent(const AgentRun& run) {
  const auto finished = run_agent(run, "status");
  if (!finished) return std::unexpected(finished.error());
  return read_status(run, *finished);
}

Result<Told> tell_agent(const AgentRun& run, PowerAction action) {
  const auto finished = run_agent(run, action == PowerAction::off ? "off" : "on");
  if (!finished) return std::unexpected(finished.error());
  return read_switched(run, action, *finished);
}

Result<void> check_plug(const AgentRun& run, const std::string& plug) {
  if (plug.empty()) return {};
  const auto finished = run_agent(run, "list");
  if (!finished) return std::unexpected(finished.error());
  return find_plug(run, plug, *finished);
}

}  // namespace upbeat
