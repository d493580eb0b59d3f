// SPDX-License-Identifier: Apache-2.0
// Runs a fence agent of ClusterLabs once, and judges what it answers.
#include "fence/fence_agent.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include "base/process.h"

namespace upbeat {
namespace {

constexpr int status_on = 0;
constexpr int status_off = 2;
constexpr std::size_t agent_output_limit_bytes = 64U << 10U;

std::unexpected<Error> trouble(const AgentRun& run, const std::string& what) {
  return fail("fence device '" + run.device + "': " + run.agent + " " + what +
              "; check the device, and its options and plugs in the configuration");
}

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
    return trouble(run, "could not do '" + action + "' (" + finished.error().text + ")");
  }
  return finished;
}

/// The last thing that the agent said, without its advice how to use it.
std::string last_words(const AgentRun& run, const Finished& finished) {
  const std::string& said = finished.err.empty() ? finished.out : finished.err;
  std::string last;
  for (std::size_t at = 0; at < said.size();) {
    const auto end = std::min(said.find('\n', at), said.size());
    const std::string line = said.substr(at, end - at);
    at = end + 1;
    const bool empty = line.find_first_not_of(" \t\r") == std::string::npos;
    if (!empty && line.find("use '-h' for usage") == std::string::npos) last = line;
  }
  return last.empty() ? "and said nothing" : "and said: " + redact(last, run.options);
}

std::string status_words(int exit_status) {
  return exit_status > 128 ? "was ended by signal " + std::to_string(exit_status - 128)
                           : "ended with status " + std::to_string(exit_status);
}

/// Whether `word` (lower case) stands in `text` on its own, in any case.
bool says(const std::string& text, std::string_view word) {
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  const auto letter = [&](std::size_t at) {
    return at < text.size() && std::isalnum(static_cast<unsigned char>(text[at])) != 0;
  };
  for (std::size_t at = 0; at + word.size() <= text.size(); ++at) {
    const bool found = std::equal(word.begin(), word.end(), text.begin() + static_cast<long>(at),
                                  [&](char w, char t) { return same(t, w); });
    if (found && (at == 0 || !letter(at - 1)) && !letter(at + word.size())) return true;
  }
  return false;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// Whether a line "OUTLET,ALIAS" of a list is about this plug. Switches with several rows of
/// outlets list "ROW:OUTLET".
bool is_about(const std::string& line, const std::string& separator, const std::string& plug) {
  const auto comma = line.find(separator);
  const std::string outlet = line.substr(0, comma);
  const std::string alias = line.substr(comma + separator.size());
  return outlet == plug || alias == plug || outlet.ends_with(":" + plug);
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
  auto finished = run_agent(run, "status");
  if (!finished) return std::unexpected(finished.error());
  const bool off = says(finished->out, "off");
  const bool on = says(finished->out, "on");
  if (finished->exit_status == status_on && on && !off) return PowerState::on;
  if (finished->exit_status == status_off && off && !on) return PowerState::off;
  const bool claims = finished->exit_status == status_on || finished->exit_status == status_off;
  return trouble(run, (claims ? "gave an answer to 'status' that is none: it "
                              : "could not do 'status': it ") +
                          status_words(finished->exit_status) + " " + last_words(run, *finished));
}

Result<Told> tell_agent(const AgentRun& run, PowerAction action) {
  const std::string word = action == PowerAction::off ? "off" : "on";
  auto finished = run_agent(run, word);
  if (!finished) return std::unexpected(finished.error());
  if (finished->exit_status == 0) {
    return says(finished->out, "already") ? Told::nothing_to_do : Told::switched;
  }
  return trouble(run, "could not do '" + word + "': it " + status_words(finished->exit_status) +
                          " " + last_words(run, *finished));
}

Result<void> check_plug(const AgentRun& run, const std::string& plug) {
  if (plug.empty()) return {};
  auto finished = run_agent(run, "list");
  if (!finished) return std::unexpected(finished.error());
  if (finished->exit_status != 0) return {};
  const auto chosen = run.options.find("separator");
  const std::string separator = chosen == run.options.end() ? "," : lower(chosen->second);
  std::istringstream lines(lower(finished->out));
  bool named_some = false;
  for (std::string line; std::getline(lines, line);) {
    if (separator.empty() || line.find(separator) == std::string::npos) continue;
    named_some = true;
    if (is_about(line, separator, lower(plug))) return {};
  }
  if (!named_some) return {};
  return trouble(run, "says that plug '" + plug + "' is off, but does not list such a plug");
}

}  // namespace upbeat
