// SPDX-License-Identifier: Apache-2.0
// Takes the JSON apart that upbeat prints.
#include "lab/demo_cluster.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>

namespace upbeat::lab {
namespace {

namespace json = boost::json;

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(value.as_string()) : std::string();
}

HistoryEvent event_of(const json::value& value) {
  const auto& line = value.as_object();
  return {.index = line.at("index").to_number<std::uint64_t>(),
          .wall_ms = line.at("wall_ms").to_number<std::int64_t>(),
          .subject = text_of(line.at("subject")),
          .text = text_of(line.at("text"))};
}

}  // namespace

Result<ClusterSeen> parse_cluster(const std::string& text) {
  try {
    const auto value = json::parse(text);
    ClusterSeen seen;
    seen.quorate = value.at("cluster").at("quorate").as_bool();
    seen.trouble = text_of(value.at("daemon").at("trouble"));
    for (const auto& node : value.at("nodes").as_array()) {
      seen.nodes[text_of(node.at("name"))] = {.standing = text_of(node.at("standing")),
                                              .guests = node.at("guests").to_number<int>()};
    }
    for (const auto& vm : value.at("vms").as_array()) {
      seen.vms[text_of(vm.at("name"))] = {.phase = text_of(vm.at("phase")),
                                          .node = text_of(vm.at("node"))};
    }
    return seen;
  } catch (const std::exception& wrong) {
    return fail(std::string("cannot read what `upbeat status --json` printed: ") + wrong.what());
  }
}

std::string unrest(const ClusterSeen& seen, const std::vector<std::string>& away) {
  if (!seen.trouble.empty()) return seen.trouble;
  if (!seen.quorate) return "no quorum";
  for (const auto& [name, node] : seen.nodes) {
    if (std::ranges::find(away, name) != away.end()) {
      if (node.guests > 0) return name + " may still run " + std::to_string(node.guests) + " VMs";
    } else if (node.standing != "online") {
      return name + " is " + node.standing;
    }
  }
  for (const auto& [name, vm] : seen.vms) {
    if (vm.phase != "running") return name + " is " + vm.phase;
  }
  return {};
}

Result<std::vector<HistoryEvent>> parse_history(const std::string& text) {
  std::vector<HistoryEvent> history;
  try {
    const auto value = json::parse(text);
    for (const auto& line : value.at("events").as_array()) history.push_back(event_of(line));
    return history;
  } catch (const std::exception& wrong) {
    return fail(std::string("cannot read what `upbeat events --json` printed: ") + wrong.what());
  }
}

const HistoryEvent* find_event(const std::vector<HistoryEvent>& history, const std::string& subject,
                               const std::string& text_begins, std::int64_t since_wall_ms) {
  const auto found = std::ranges::find_if(history, [&](const HistoryEvent& one) {
    return one.subject == subject && one.wall_ms >= since_wall_ms &&
           one.text.starts_with(text_begins);
  });
  return found == history.end() ? nullptr : &*found;
}

std::optional<double> told_downtime_ms(const std::vector<HistoryEvent>& history,
                                       const std::string& vm, std::int64_t since_wall_ms) {
  static constexpr std::string_view paused = "paused for ";
  std::optional<double> longest;
  for (const auto& one : history) {
    const auto at = one.text.find(paused);
    if (one.subject != vm || one.wall_ms < since_wall_ms || at == std::string::npos) continue;
    const double downtime_ms = std::strtod(one.text.c_str() + at + paused.size(), nullptr);
    longest = std::max(longest.value_or(0.0), downtime_ms);
  }
  return longest;
}

}  // namespace upbeat::lab
