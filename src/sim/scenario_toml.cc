// SPDX-License-Identifier: Apache-2.0
// Scenarios as files: read with line numbers in every complaint, written so that they read back.
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>

#include "sim/command.h"
#include "sim/scenario.h"

namespace upbeat {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t memory_limit_mib = std::uint64_t{64} << 20U;
constexpr std::size_t name_limit_chars = 64;

/// What is wrong with the file, thrown no further than `read_scenario`.
struct Wrong {
  std::string text;
};

class Reader {
 public:
  explicit Reader(std::string path) : path_(std::move(path)) {}

  Scenario read(const toml::table& root) {
    known(root, {"title", "seed", "length", "settles", "bed", "node", "vm", "timeline"});
    Scenario scenario;
    if (const auto* bed = table_of(root, "bed")) scenario = read_bed(*bed);
    scenario.title = text(root, "title", "");
    scenario.seed = number(root, "seed", 1, 0, std::uint64_t{1} << 62U);
    for (const auto* one : tables_of(root, "node")) scenario.nodes.push_back(read_node(*one));
    for (const auto* one : tables_of(root, "vm")) scenario.vms.push_back(read_vm(*one));
    scenario.settles = truth(root, "settles", false);
    check_names(root, scenario);
    read_timeline(root, scenario);
    return scenario;
  }
  [[noreturn]] void wrong(const toml::source_region& where, const std::string& what) const {
    const auto line = where.begin.line;
    throw Wrong{"cannot use the scenario " + path_ +
                (line == 0 ? "" : ", line " + std::to_string(line)) + ": " + what};
  }

 private:
  Scenario read_bed(const toml::table& bed) {
    known(bed, {"nodes", "vms"});
    const auto nodes = number(bed, "nodes", 4, 1, scenario_nodes_limit);
    const auto vms = number(bed, "vms", 8, 0, scenario_vms_limit);
    return test_bed(static_cast<std::uint32_t>(nodes), static_cast<std::uint32_t>(vms));
  }
  ScenarioNode read_node(const toml::table& table) {
    known(table, {"name", "memory_mib", "reserve_mib", "cores", "on"});
    ScenarioNode node{.name = name(table)};
    node.memory_mib = number(table, "memory_mib", node.memory_mib, 1, memory_limit_mib);
    node.reserve_mib = number(table, "reserve_mib", node.reserve_mib, 0, memory_limit_mib);
    if (node.reserve_mib > node.memory_mib)
      wrong(table.source(), "reserve_mib is above memory_mib");
    node.cores = static_cast<std::uint32_t>(number(table, "cores", node.cores, 1, 4096));
    node.on = truth(table, "on", true);
    return node;
  }
  ScenarioVm read_vm(const toml::table& table) {
    known(table, {"name", "memory_mib", "cores", "priority", "node", "wanted", "boot_s",
                  "shutdown_s", "dirty_mib_per_s", "shuts_down"});
    ScenarioVm vm{.name = name(table)};
    vm.memory_mib = number(table, "memory_mib", vm.memory_mib, 1, memory_limit_mib);
    vm.cores = static_cast<std::uint32_t>(number(table, "cores", vm.cores, 1, 4096));
    if (const auto* priority = table.get("priority")) {
      const auto value = priority->value_exact<std::int64_t>();
      if (!value || *value < -1'000'000 || *value > 1'000'000) {
        wrong(priority->source(), "priority is a number from -1000000 to 1000000");
      }
      vm.priority = static_cast<std::int32_t>(*value);
    }
    vm.node = text(table, "node", "");
    const auto wanted = text(table, "wanted", "running");
    if (wanted != "running" && wanted != "stopped") {
      wrong(table.source(), "wanted is \"running\" or \"stopped\"");
    }
    vm.wanted = wanted == "running" ? Wanted::running : Wanted::stopped;
    vm.traits.boot_ms = span(table, "boot_s", milliseconds(vm.traits.boot_ms)).count();
    vm.traits.shutdown_ms = span(table, "shutdown_s", milliseconds(vm.traits.shutdown_ms)).count();
    vm.traits.dirty_kib_per_s = 1024 * number(table, "dirty_mib_per_s", 1, 0, 1'000'000);
    if (!truth(table, "shuts_down", true)) vm.traits.manner = ShutdownManner::refuses;
    return vm;
  }
  void check_names(const toml::table& root, const Scenario& scenario) {
    std::set<std::string> names;
    const auto add = [&](const std::string& one) {
      if (!names.insert(one).second) wrong(root.source(), "the name '" + one + "' is given twice");
    };
    for (const auto& node : scenario.nodes) add(node.name);
    for (const auto& vm : scenario.vms) add(vm.name);
    if (scenario.nodes.empty()) wrong({}, "it has no node; write [[node]] or bed = { nodes = 4 }");
    if (scenario.nodes.size() > scenario_nodes_limit || scenario.vms.size() > scenario_vms_limit) {
      wrong({}, "at most " + std::to_string(scenario_nodes_limit) + " nodes and " +
                    std::to_string(scenario_vms_limit) + " VMs are taken");
    }
    for (const auto& vm : scenario.vms) {
      const auto node = std::ranges::find(scenario.nodes, vm.node, &ScenarioNode::name);
      if (vm.node.empty()) continue;
      if (node == scenario.nodes.end()) {
        wrong({}, "VM '" + vm.name + "' begins on '" + vm.node + "', which is no node");
      }
      if (!node->on) wrong({}, "VM '" + vm.name + "' begins on '" + vm.node + "', which is off");
    }
  }
  void read_timeline(const toml::table& root, Scenario& scenario) {
    milliseconds at{0};
    if (const auto* node = root.get("timeline")) {
      const auto* list = node->as_array();
      if (list == nullptr)
        wrong(node->source(), "timeline is a list of lines, [\"10 power n1 cut\"]");
      for (const auto& entry : *list) {
        const auto line = entry.value_exact<std::string>();
        if (!line) wrong(entry.source(), "a line of the timeline is text, \"10 power n1 cut\"");
        read_step(entry.source(), *line, at, scenario);
      }
    }
    scenario.length = std::max(at, span(root, "length", at));
  }
  /// "12.5 COMMAND" at that second, "+3 COMMAND" so long after the line before, "delay 3".
  void read_step(const toml::source_region& where, const std::string& line, milliseconds& at,
                 Scenario& scenario) {
    if (scenario.timeline.size() >= scenario_steps_limit) wrong(where, "the timeline is too long");
    std::istringstream words(line);
    std::string time;
    words >> time;
    const bool waits = time == "delay";
    if (waits) words >> time;
    const bool relative = waits || time.starts_with('+');
    const auto digits = time.starts_with('+') ? time.substr(1) : time;
    double value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size() || !(value >= 0) ||
        value > 1e9) {
      wrong(where, "'" + line +
                       "' begins with no time: write `12.5 COMMAND`, `+3 COMMAND` for "
                       "three seconds later, or `delay 3`");
    }
    const milliseconds span(std::llround(value * 1000));
    const auto due = relative ? at + span : span;
    if (due < at) wrong(where, "'" + line + "' lies before the line above it");
    if (due > scenario_length_limit) wrong(where, "'" + line + "' is more than a year away");
    at = due;
    std::string command;
    std::getline(words >> std::ws, command);
    if (waits) {
      if (!command.empty()) wrong(where, "'" + line + "': nothing follows a delay");
      return;
    }
    if (const auto deed = read_command(command, scenario); !deed) wrong(where, deed.error().text);
    scenario.timeline.push_back({at, command});
  }

  // --- values ------------------------------------------------------------------------------------
  void known(const toml::table& table, const std::set<std::string>& keys) {
    for (const auto& [key, value] : table) {
      if (keys.contains(std::string(key.str()))) continue;
      std::string list;
      for (const auto& one : keys) list += (list.empty() ? "" : ", ") + one;
      wrong(key.source(), std::string(key.str()) + " is not a key; here are " + list);
    }
  }
  std::string name(const toml::table& table) {
    const auto value = text(table, "name", "");
    const bool good = !value.empty() && value.size() <= name_limit_chars &&
                      std::ranges::all_of(value, [](char letter) {
                        return std::isalnum(static_cast<unsigned char>(letter)) != 0 ||
                               letter == '-' || letter == '_' || letter == '.';
                      });
    if (!good) wrong(table.source(), "a name is 1 to 64 letters, digits, '-', '_' and '.'");
    return value;
  }
  std::string text(const toml::table& table, const char* key, const std::string& otherwise) {
    const auto* node = table.get(key);
    if (node == nullptr) return otherwise;
    const auto value = node->value_exact<std::string>();
    if (!value) wrong(node->source(), std::string(key) + " is text");
    return *value;
  }
  bool truth(const toml::table& table, const char* key, bool otherwise) {
    const auto* node = table.get(key);
    if (node == nullptr) return otherwise;
    const auto value = node->value_exact<bool>();
    if (!value) wrong(node->source(), std::string(key) + " is true or false");
    return *value;
  }
  std::uint64_t number(const toml::table& table, const char* key, std::uint64_t otherwise,
                       std::uint64_t least, std::uint64_t most) {
    const auto* node = table.get(key);
    if (node == nullptr) return otherwise;
    const auto value = node->value_exact<std::int64_t>();
    if (!value || *value < 0 || static_cast<std::uint64_t>(*value) < least ||
        static_cast<std::uint64_t>(*value) > most) {
      wrong(node->source(), std::string(key) + " is a whole number from " + std::to_string(least) +
                                " to " + std::to_string(most));
    }
    return static_cast<std::uint64_t>(*value);
  }
  milliseconds span(const toml::table& table, const char* key, milliseconds otherwise) {
    const auto* node = table.get(key);
    if (node == nullptr) return otherwise;
    const auto value = node->value<double>();
    const double most = std::chrono::duration<double>(scenario_length_limit).count();
    if (!value || !(*value >= 0) || *value > most) {
      wrong(node->source(), std::string(key) + " is a number of seconds, at most a year");
    }
    return milliseconds(std::llround(*value * 1000));
  }
  const toml::table* table_of(const toml::table& root, const char* key) {
    const auto* node = root.get(key);
    if (node == nullptr) return nullptr;
    if (!node->is_table()) wrong(node->source(), std::string(key) + " is a table");
    return node->as_table();
  }
  std::vector<const toml::table*> tables_of(const toml::table& root, const char* key) {
    std::vector<const toml::table*> list;
    const auto* node = root.get(key);
    if (node == nullptr) return list;
    const auto* array = node->as_array();
    if (array == nullptr) wrong(node->source(), "write [[" + std::string(key) + "]], one for each");
    for (const auto& one : *array) {
      if (!one.is_table()) wrong(one.source(), "write [[" + std::string(key) + "]], one for each");
      list.push_back(one.as_table());
    }
    return list;
  }

  std::string path_;
};

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
  out << toml::value<std::string>(text);
  return out.str();
}

}  // namespace

Scenario test_bed(std::uint32_t nodes, std::uint32_t vms) {
  // Room for half as many guests again: what the lost nodes ran finds a place on the others.
  constexpr std::uint32_t classic_guests = 3;
  const auto wanted = (vms * 3 + nodes * 2 - 1) / std::max(nodes * 2, 1U);
  const std::uint64_t guests = std::max(classic_guests, wanted);
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
  } catch (const Wrong& wrong) {
    return fail(wrong.text);
  } catch (const toml::parse_error& error) {
    return fail("cannot use the scenario " + path + ", line " +
                std::to_string(error.source().begin.line) + ": " +
                std::string(error.description()));
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

std::string write_scenario(const Scenario& scenario) {
  std::string text = "title = " + quoted(scenario.title) + "\n";
  text += "seed = " + std::to_string(scenario.seed) + "\n";
  text += "length = " + seconds_text(scenario.length) + "\n";
  if (scenario.settles) text += "settles = true\n";
  text += "timeline = [\n";
  for (const auto& step : scenario.timeline) {
    text += "  " + quoted(seconds_text(step.at) + " " + step.command) + ",\n";
  }
  text += "]\n";
  for (const auto& node : scenario.nodes) {
    text += "\n[[node]]\nname = " + quoted(node.name) +
            "\nmemory_mib = " + std::to_string(node.memory_mib) +
            "\nreserve_mib = " + std::to_string(node.reserve_mib) +
            "\ncores = " + std::to_string(node.cores) + (node.on ? "\n" : "\non = false\n");
  }
  for (const auto& vm : scenario.vms) {
    text += "\n[[vm]]\nname = " + quoted(vm.name) +
            "\nmemory_mib = " + std::to_string(vm.memory_mib) +
            "\ncores = " + std::to_string(vm.cores) + "\npriority = " + std::to_string(vm.priority);
    if (!vm.node.empty()) text += "\nnode = " + quoted(vm.node);
    if (vm.wanted == Wanted::stopped) text += "\nwanted = \"stopped\"";
    if (vm.traits.manner == ShutdownManner::refuses) text += "\nshuts_down = false";
    text += "\nboot_s = " + seconds_text(milliseconds(vm.traits.boot_ms));
    text += "\nshutdown_s = " + seconds_text(milliseconds(vm.traits.shutdown_ms));
    text += "\ndirty_mib_per_s = " + std::to_string(vm.traits.dirty_kib_per_s / 1024) + "\n";
  }
  return text;
}

}  // namespace upbeat
