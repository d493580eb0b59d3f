// SPDX-License-Identifier: Apache-2.0
// Scenarios as files: read with the file, the line and the remedy in every complaint.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>

#include "base/printable.h"
#include "core/rule_requests.h"
#include "sim/command.h"
#include "sim/first_state.h"
#include "sim/scenario.h"
#include "sim/scenario_words.h"
#include "sim/toml_values.h"

namespace upbeat {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t memory_limit_mib = std::int64_t{64} << 20U;
constexpr std::int64_t cores_limit = 4096;
constexpr std::int64_t priority_limit = 1'000'000;
constexpr std::int64_t dirty_limit_mib_per_s = 1'000'000;
constexpr milliseconds hour{3'600'000};
constexpr const char* what_a_scenario_is = "the scenario";

std::string quote(std::string_view text) { return "'" + printable(text, quote_limit_bytes) + "'"; }

/// The words, with one blank between any two.
std::string words_of(std::istringstream& stream) {
  std::string text;
  for (std::string word; stream >> word;) text += (text.empty() ? "" : " ") + word;
  return text;
}

bool begins_as_a_time(const std::string& word) {
  return !word.empty() && std::string_view("0123456789+-.").contains(word.front());
}

/// "12.5", "+3"; none if that is no time or more than a year.
std::optional<milliseconds> time_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const double most = std::chrono::duration<double>(scenario_length_limit).count();
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 0) || value > most) {
    return std::nullopt;
  }
  return milliseconds(std::llround(value * 1000));
}

class Reader : TomlValues {
 public:
  explicit Reader(const std::string& path) : TomlValues(what_a_scenario_is, path) {}

  Scenario read(const toml::table& root) {
    known(root, {"title", "seed", "length", "settles", "quorum", "bed", "node", "vm", "rule",
                 "policy", "timeline"});
    if (const auto* bed = table_of(root, "bed")) read_bed(*bed);
    scenario_.title = text(root, "title", "");
    scenario_.seed = static_cast<std::uint64_t>(
        number(root, "seed", 1, 0, std::numeric_limits<std::int64_t>::max()));
    scenario_.quorum = choice(root, "quorum", QuorumRule::majority, quorum_words());
    for (const auto* one : tables_of(root, "node")) read_node(*one);
    if (scenario_.nodes.empty()) {
      wrong({}, "it has no node; write [[node]] for each, or bed = { nodes = 4, vms = 8 }");
    }
    for (const auto* one : tables_of(root, "vm")) read_vm(*one);
    if (const auto* policy = table_of(root, "policy")) read_policy(*policy);
    State state = first_state(scenario_);
    for (const auto* one : tables_of(root, "rule")) read_rule(*one, state);
    scenario_.settles = truth(root, "settles", false);
    read_timeline(root);
    return std::move(scenario_);
  }

 private:
  void read_bed(const toml::table& bed) {
    known(bed, {"nodes", "vms", "watchdog_s"});
    const auto nodes = number(bed, "nodes", 4, 1, scenario_nodes_limit);
    const auto vms = number(bed, "vms", 8, 0, scenario_vms_limit);
    scenario_ = test_bed(static_cast<std::uint32_t>(nodes), static_cast<std::uint32_t>(vms));
    const auto watchdog = span(bed, "watchdog_s", milliseconds(0), hour);
    for (auto& node : scenario_.nodes) {
      names_.insert(node.name);
      node.watchdog = watchdog;
    }
    for (const auto& vm : scenario_.vms) names_.insert(vm.name);
  }
  std::string new_name(const toml::table& table) {
    auto value = name(table);
    if (!names_.insert(value).second) {
      wrong(place(table, "name"),
            "the name '" + value + "' is given twice; nodes and VMs each need one of their own");
    }
    return value;
  }
  void read_node(const toml::table& table) {
    known(table, {"name", "memory_mib", "reserve_mib", "cores", "on", "boot_s", "shutdown_budget_s",
                  "watchdog_s", "format"});
    if (scenario_.nodes.size() >= scenario_nodes_limit) {
      wrong(table.source(), "this node is one too many; at most " +
                                std::to_string(scenario_nodes_limit) + " are taken");
    }
    ScenarioNode node{.name = new_name(table)};
    const auto mib = [&](const char* key, std::uint64_t usual, std::int64_t least) {
      return static_cast<std::uint64_t>(
          number(table, key, static_cast<std::int64_t>(usual), least, memory_limit_mib));
    };
    node.memory_mib = mib("memory_mib", node.memory_mib, 1);
    node.reserve_mib = mib("reserve_mib", node.reserve_mib, 0);
    if (node.reserve_mib > node.memory_mib) {
      wrong(place(table, "reserve_mib"), "the reserve of " + std::to_string(node.reserve_mib) +
                                             " MiB is more than the node's memory; make "
                                             "reserve_mib smaller or memory_mib larger");
    }
    node.cores = static_cast<std::uint32_t>(number(table, "cores", node.cores, 1, cores_limit));
    node.on = truth(table, "on", true);
    node.watchdog = span(table, "watchdog_s", node.watchdog, hour);
    node.format = static_cast<std::uint32_t>(number(table, "format", wire_format, 1, wire_format));
    node.boot = span(table, "boot_s", node.boot, hour);
    node.shutdown_budget = span(table, "shutdown_budget_s", node.shutdown_budget, hour);
    scenario_.nodes.push_back(std::move(node));
  }
  void read_vm(const toml::table& table) {
    known(table, {"name", "memory_mib", "cores", "priority", "node", "wanted", "failback", "boot_s",
                  "shutdown_s", "dirty_mib_per_s", "shuts_down"});
    if (scenario_.vms.size() >= scenario_vms_limit) {
      wrong(table.source(), "this VM is one too many; at most " +
                                std::to_string(scenario_vms_limit) + " are taken");
    }
    ScenarioVm vm{.name = new_name(table)};
    vm.memory_mib = static_cast<std::uint64_t>(
        number(table, "memory_mib", static_cast<std::int64_t>(vm.memory_mib), 1, memory_limit_mib));
    vm.cores = static_cast<std::uint32_t>(number(table, "cores", vm.cores, 1, cores_limit));
    vm.priority =
        static_cast<std::int32_t>(number(table, "priority", 0, -priority_limit, priority_limit));
    vm.node = text(table, "node", "");
    if (!vm.node.empty()) check_beginning(table, vm);
    vm.wanted = choice<Wanted>(table, "wanted", Wanted::running,
                               {{"running", Wanted::running}, {"stopped", Wanted::stopped}});
    if (table.contains("failback")) {
      vm.failback = choice(table, "failback", Failback::stay, failback_words());
    }
    auto& traits = vm.traits;
    traits.boot_ms = span(table, "boot_s", milliseconds(traits.boot_ms), hour).count();
    traits.shutdown_ms = span(table, "shutdown_s", milliseconds(traits.shutdown_ms), hour).count();
    traits.dirty_kib_per_s = 1024 * static_cast<std::uint64_t>(number(table, "dirty_mib_per_s", 1,
                                                                      0, dirty_limit_mib_per_s));
    if (!truth(table, "shuts_down", true)) traits.manner = ShutdownManner::refuses;
    scenario_.vms.push_back(std::move(vm));
  }
  void check_beginning(const toml::table& table, const ScenarioVm& vm) const {
    const auto node = std::ranges::find(scenario_.nodes, vm.node, &ScenarioNode::name);
    if (node == scenario_.nodes.end()) {
      wrong(place(table, "node"), "VM '" + vm.name + "' begins on " + quote(vm.node) +
                                      ", which is no node; name one, or leave `node` out");
    }
    if (!node->on) {
      wrong(place(table, "node"), "VM '" + vm.name + "' begins on '" + vm.node +
                                      "', which is off; name another, or leave `node` out");
    }
  }
  void read_policy(const toml::table& table) {
    known(table, {"restart_tries_here", "restart_tries_elsewhere", "failback", "on_shutdown",
                  "quarantine_losses", "quarantine_window_s"});
    auto& policy = scenario_.policy;
    const auto tries = [&](const char* key, std::uint32_t usual) {
      return static_cast<std::uint32_t>(number(table, key, usual, 0, restart_tries_limit));
    };
    policy.restart_tries_here = tries("restart_tries_here", policy.restart_tries_here);
    policy.restart_tries_elsewhere =
        tries("restart_tries_elsewhere", policy.restart_tries_elsewhere);
    policy.failback = choice(table, "failback", policy.failback, failback_words());
    policy.on_shutdown = choice(table, "on_shutdown", policy.on_shutdown, on_shutdown_words());
    policy.quarantine_losses = static_cast<std::uint32_t>(
        number(table, "quarantine_losses", policy.quarantine_losses, 0, quarantine_losses_limit));
    policy.quarantine_window_s =
        static_cast<std::uint32_t>(number(table, "quarantine_window_s", policy.quarantine_window_s,
                                          quarantine_window_least_s, quarantine_window_most_s));
  }
  /// `state` is the cluster's, with the rules before this one.
  void read_rule(const toml::table& table, State& state) {
    known(table, {"name", "kind", "vms", "nodes", "strict"});
    ScenarioRule rule{.name = name(table)};
    if (!table.contains("kind")) {
      wrong(table.source(), "kind is missing: \"together\", \"apart\", \"on\" or \"off\"");
    }
    rule.kind = choice(table, "kind", rule.kind, rule_kind_words());
    if (!truth(table, "strict", true)) rule.strictness = Strictness::best_effort;
    rule.vms = texts(table, "vms");
    rule.nodes = texts(table, "nodes");
    for (const auto& vm : rule.vms) {
      if (!state.vms.contains(VmId(vm))) {
        wrong(place(table, "vms"), "there is no VM " + quote(vm) + "; name those of [[vm]]");
      }
    }
    for (const auto& node : rule.nodes) {
      if (id_in(scenario_, node) == NodeId()) {
        wrong(place(table, "nodes"),
              "there is no node " + quote(node) + "; name those of [[node]]");
      }
    }
    if (state.rules.contains(RuleId(rule.name))) {
      wrong(place(table, "name"), "the rule '" + rule.name + "' is given twice; rename one");
    }
    const auto made = rule_of(scenario_, rule);
    if (const auto good = check_rule(state, made); !good) wrong(table.source(), good.error().text);
    state.rules.emplace(made.name, made);
    scenario_.rules.push_back(std::move(rule));
  }
  void read_timeline(const toml::table& root) {
    milliseconds at{0};
    if (const auto* node = root.get("timeline")) {
      const auto* lines = node->as_array();
      if (lines == nullptr) {
        wrong(node->source(), "timeline is a list of lines, [\"10 power node1 cut\"]");
      }
      for (const auto& entry : *lines) {
        const auto line = entry.value_exact<std::string>();
        if (!line) wrong(entry.source(), "a line of the timeline is text, \"10 power node1 cut\"");
        read_step(entry.source(), *line, at);
      }
    }
    scenario_.length = std::max(at, span(root, "length", at, scenario_length_limit));
  }
  /// "12.5 COMMAND" at that second, "+3 COMMAND" so long after the line before, "COMMAND" together
  /// with it, "delay 3": so long nothing.
  void read_step(const toml::source_region& where, const std::string& line, milliseconds& at) {
    if (scenario_.timeline.size() >= scenario_steps_limit) {
      wrong(where, "the timeline is too long; at most " + std::to_string(scenario_steps_limit) +
                       " lines are taken");
    }
    std::istringstream stream(line);
    std::string first;
    stream >> first;
    const bool waits = first == "delay";
    const bool timed = waits || begins_as_a_time(first);
    if (waits) stream >> first;
    if (timed) at = time_after(where, line, at, first, waits);
    auto command = words_of(stream);
    if (!timed) command = first + (command.empty() ? "" : " ") + command;
    if (waits) {
      if (!command.empty()) wrong(where, quote(line) + ": nothing follows the time of a delay");
      return;
    }
    if (const auto deed = read_command(command, scenario_); !deed) wrong(where, deed.error().text);
    scenario_.timeline.push_back({at, command});
  }
  [[nodiscard]] milliseconds time_after(const toml::source_region& where, const std::string& line,
                                        milliseconds at, const std::string& word,
                                        bool waits) const {
    const bool sign = word.starts_with('+') && !waits;
    const auto span = time_of(std::string_view(word).substr(sign ? 1 : 0));
    if (!span) {
      wrong(where, quote(line) +
                       " has no good time; write `12.5 COMMAND` for that second, `+3 COMMAND` for "
                       "three seconds later, `COMMAND` for the same time, or `delay 3`");
    }
    const auto due = sign || waits ? at + *span : *span;
    if (due < at) wrong(where, quote(line) + " lies before the line above it; change their order");
    if (due > scenario_length_limit) wrong(where, quote(line) + " is more than a year away");
    return due;
  }

  Scenario scenario_;
  std::set<std::string> names_;
};

}  // namespace

Scenario test_bed(std::uint32_t nodes, std::uint32_t vms) {
  // The classic node has room for three. Where that is not enough, there is room for half as many
  // guests again: what the lost nodes ran finds a place on the others.
  constexpr std::uint32_t classic_guests = 3;
  const std::uint64_t guests = vms <= nodes * classic_guests
                                   ? classic_guests
                                   : (vms * 3 + nodes * 2 - 1) / std::max(nodes * 2, 1U);
  Scenario scenario;
  for (std::uint32_t i = 0; i < nodes; ++i) {
    scenario.nodes.push_back(
        {.name = "node" + std::to_string(i), .memory_mib = (guests + 1) * ScenarioVm{}.memory_mib});
  }
  for (std::uint32_t i = 0; i < vms; ++i) {
    scenario.vms.push_back(
        {.name = "x" + std::to_string(i), .node = "node" + std::to_string(i % nodes)});
  }
  return scenario;
}

Result<Scenario> read_scenario(const std::string& toml, const std::string& path) {
  try {
    return Reader(path).read(toml::parse(toml, path));
  } catch (const WrongToml& wrong) {
    return fail(wrong.text);
  } catch (const toml::parse_error& error) {
    return fail("cannot use the scenario " + path + ", line " +
                std::to_string(error.source().begin.line) + ": " +
                printable(error.description(), quote_limit_bytes));
  }
}

Result<Scenario> load_scenario(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    return fail("cannot read the scenario " + path + ": is it there, and a file?");
  }
  return read_scenario(text.str(), path);
}

}  // namespace upbeat
