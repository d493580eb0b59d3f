// SPDX-License-Identifier: Apache-2.0
// Scenarios written down so that they read back.
#include <algorithm>
#include <sstream>

#include "base/toml.h"
#include "sim/scenario.h"
#include "sim/scenario_words.h"

namespace upbeat {
namespace {

using std::chrono::milliseconds;

std::string seconds_text(milliseconds span) {
  auto text = std::to_string(span.count() / 1000);
  if (const auto rest = span.count() % 1000; rest != 0) {
    auto digits = std::to_string(1000 + rest).substr(1);
    digits.erase(digits.find_last_not_of('0') + 1);
    text += "." + digits;
  }
  return text;
}

std::string quoted(const std::string& text) {
  std::ostringstream out;
  out << toml::toml_formatter(toml::value<std::string>(text), plain_strings);
  return out.str();
}

std::string list(const std::vector<std::string>& texts) {
  std::string text;
  for (const auto& one : texts) text += (text.empty() ? "" : ", ") + quoted(one);
  return "[" + text + "]";
}

template <class T>
std::string word_of(const std::map<std::string, T>& words, T value) {
  const auto found =
      std::ranges::find(words, value, [](const auto& entry) { return entry.second; });
  return quoted(found->first);
}

/// Lines of "key = value".
class Lines {
 public:
  Lines& add(const std::string& key, const std::string& value) {
    text_ += key + " = " + value + "\n";
    return *this;
  }
  Lines& add(const std::string& key, std::int64_t value) { return add(key, std::to_string(value)); }
  Lines& head(const std::string& line) {
    text_ += "\n" + line + "\n";
    return *this;
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

void write(Lines& lines, const Policy& policy) {
  lines.head("[policy]")
      .add("restart_tries_here", policy.restart_tries_here)
      .add("restart_tries_elsewhere", policy.restart_tries_elsewhere)
      .add("failback", word_of(failback_words(), policy.failback))
      .add("on_shutdown", word_of(on_shutdown_words(), policy.on_shutdown))
      .add("quarantine_losses", policy.quarantine_losses)
      .add("quarantine_window_s", policy.quarantine_window_s);
}

void write(Lines& lines, const ScenarioNode& node) {
  lines.head("[[node]]")
      .add("name", quoted(node.name))
      .add("memory_mib", static_cast<std::int64_t>(node.memory_mib))
      .add("reserve_mib", static_cast<std::int64_t>(node.reserve_mib))
      .add("cores", node.cores);
  if (!node.on) lines.add("on", "false");
  const ScenarioNode usual;
  if (node.watchdog != usual.watchdog) lines.add("watchdog_s", seconds_text(node.watchdog));
  if (node.format != usual.format) lines.add("format", node.format);
  if (node.boot != usual.boot) lines.add("boot_s", seconds_text(node.boot));
  if (node.shutdown_budget != usual.shutdown_budget) {
    lines.add("shutdown_budget_s", seconds_text(node.shutdown_budget));
  }
}

void write(Lines& lines, const ScenarioVm& vm) {
  lines.head("[[vm]]")
      .add("name", quoted(vm.name))
      .add("memory_mib", static_cast<std::int64_t>(vm.memory_mib))
      .add("cores", vm.cores)
      .add("priority", vm.priority);
  if (!vm.node.empty()) lines.add("node", quoted(vm.node));
  if (vm.wanted == Wanted::stopped) lines.add("wanted", quoted("stopped"));
  if (vm.failback) lines.add("failback", word_of(failback_words(), *vm.failback));
  if (vm.traits.manner == ShutdownManner::refuses) lines.add("shuts_down", "false");
  lines.add("boot_s", seconds_text(milliseconds(vm.traits.boot_ms)))
      .add("shutdown_s", seconds_text(milliseconds(vm.traits.shutdown_ms)))
      .add("dirty_mib_per_s", static_cast<std::int64_t>(vm.traits.dirty_kib_per_s / 1024));
}

void write(Lines& lines, const ScenarioRule& rule) {
  lines.head("[[rule]]")
      .add("name", quoted(rule.name))
      .add("kind", word_of(rule_kind_words(), rule.kind))
      .add("vms", list(rule.vms));
  if (!rule.nodes.empty()) lines.add("nodes", list(rule.nodes));
  if (rule.strictness == Strictness::best_effort) lines.add("strict", "false");
}

}  // namespace

std::string write_scenario(const Scenario& scenario) {
  Lines lines;
  lines.add("title", quoted(scenario.title))
      .add("seed", static_cast<std::int64_t>(scenario.seed))
      .add("length", seconds_text(scenario.length));
  if (scenario.settles) lines.add("settles", "true");
  if (scenario.quorum != QuorumRule::majority) {
    lines.add("quorum", word_of(quorum_words(), scenario.quorum));
  }
  std::string steps;
  for (const auto& step : scenario.timeline) {
    steps += "  " + quoted(seconds_text(step.at) + " " + step.command) + ",\n";
  }
  lines.add("timeline", "[\n" + steps + "]");
  write(lines, scenario.policy);
  for (const auto& node : scenario.nodes) write(lines, node);
  for (const auto& vm : scenario.vms) write(lines, vm);
  for (const auto& rule : scenario.rules) write(lines, rule);
  return lines.text();
}

}  // namespace upbeat
