// SPDX-License-Identifier: Apache-2.0
// Runs `upbeat` in the nodes and reads what it prints.
#include "lab/demo_stage.h"

#include <fmt/core.h>

#include <algorithm>
#include <thread>

namespace upbeat::lab {
namespace {

using namespace std::chrono_literals;

constexpr auto ask_timeout = 5s;
constexpr auto guest_timeout = 5s;
// Each look costs a process in a node, some 20 ms of the machine that the guests run on, and what
// is measured is how long they cannot answer.
constexpr auto look_pause = 400ms;

Result<std::string> ask(const Stage& stage, const std::vector<std::string>& away,
                        const std::vector<std::string>& argv) {
  Result<std::string> answer = fail("there is no node to ask");
  for (const auto& [node, address] : stage.lab.nodes()) {
    if (std::ranges::find(away, node) != away.end()) continue;
    auto finished = stage.lab.exec(node, {.argv = argv, .timeout = ask_timeout});
    if (finished && finished->exit_status == 0) return std::move(finished->out);
    answer = fail(finished ? node + " says: " + finished->err : finished.error().text);
  }
  return answer;
}

}  // namespace

Moment right_now() {
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  return {SteadyClock::now(), std::chrono::duration_cast<std::chrono::milliseconds>(wall).count()};
}

Result<ClusterSeen> ask_cluster(const Stage& stage, const std::vector<std::string>& away) {
  const auto text = ask(stage, away, {"upbeat", "status", "--json"});
  if (!text) return std::unexpected(text.error());
  return parse_cluster(*text);
}

Result<std::vector<HistoryEvent>> ask_history(const Stage& stage,
                                              const std::vector<std::string>& away) {
  const auto text = ask(stage, away, {"upbeat", "events", "--json", "--limit", "1000"});
  if (!text) return std::unexpected(text.error());
  return parse_history(*text);
}

Result<GuestStatuses> ask_guests(const Stage& stage) {
  GuestStatuses all;
  for (const auto& guest : stage.lab.guests()) {
    auto status = stage.lab.ask_guest(guest.name, guest_timeout);
    if (!status) return fail(guest.name + ": " + status.error().text);
    all[guest.name] = std::move(*status);
  }
  return all;
}

Done wait_for(const Stage& stage, const std::string& what, std::chrono::milliseconds limit,
              const std::function<std::string()>& look) {
  const auto deadline = SteadyClock::now() + limit;
  for (;;) {
    const auto missing = look();
    if (missing.empty()) return {};
    auto line = what;
    line += ": " + missing;
    stage.progress.say(std::move(line));
    if (interrupted()) return fail(what + ": interrupted");
    if (SteadyClock::now() > deadline) {
      return fail(fmt::format("{}: not within {} s: {}", what, limit.count() / 1000, missing));
    }
    std::this_thread::sleep_for(look_pause);
  }
}

Done wait_until_calm(const Stage& stage, const std::string& what,
                     const std::vector<std::string>& away, std::chrono::milliseconds limit,
                     const std::function<std::string()>& also) {
  return wait_for(stage, what, limit, [&]() -> std::string {
    const auto seen = ask_cluster(stage, away);
    if (!seen) return seen.error().text;
    auto missing = unrest(*seen, away);
    if (missing.empty() && static_cast<int>(seen->vms.size()) < stage.lab.shape().vms) {
      missing = std::to_string(seen->vms.size()) + " of " + std::to_string(stage.lab.shape().vms) +
                " VMs are defined";
    }
    if (missing.empty() && static_cast<int>(seen->nodes.size()) < stage.lab.shape().nodes) {
      missing = std::to_string(seen->nodes.size()) + " of " +
                std::to_string(stage.lab.shape().nodes) + " nodes are known";
    }
    return missing.empty() && also ? also() : missing;
  });
}

}  // namespace upbeat::lab
