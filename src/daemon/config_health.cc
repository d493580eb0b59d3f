// SPDX-License-Identifier: Apache-2.0
// The table [health] of the configuration file, and the owner's programs below it.
#include "daemon/config_health.h"

#include <algorithm>

#include "daemon/config_section.h"

namespace upbeat {
namespace {

constexpr std::int64_t hour_s = 3600;
/// A hypervisor that is restarted, or upgraded, is away for some seconds, and no failure.
constexpr std::int64_t least_hypervisor_s = 30;
constexpr std::size_t command_words_limit = 64;

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '-' || letter == '_' || letter == '.';
  });
}

bool are_paths(const std::vector<std::string>& texts) {
  return std::ranges::all_of(texts, [](const auto& text) { return text.starts_with('/'); });
}

Result<void> read_program(const std::string& name, const toml::table& table,
                          const std::string& path, HealthSettings& settings) {
  HealthProgram program{.name = name, .command = {}};
  const std::string label = "health." + name;
  if (!is_name(name)) {
    return fail("cannot use " + path + ": [" + quote(label) +
                "] is no name for a program: it takes 1 to 64 letters, digits, '-', '_' and '.'");
  }
  Section section(table, label, path);
  section.read_list("command", program.command, command_words_limit);
  section.read("interval_s", program.interval);
  section.read("timeout_s", program.timeout);
  section.limit("interval_s", program.interval, 1, 24 * hour_s);
  section.limit("timeout_s", program.timeout, 1, hour_s);
  if (program.command.empty() || !program.command.front().starts_with('/')) {
    section.refuse("command",
                   "expects a program with its path, and its words: [\"/usr/…\", \"…\"]");
    if (auto read = section.finish(); !read) return read;
    return fail("cannot use " + path + ": [" + label +
                "] names no program; add command = [\"/usr/local/sbin/…\"]");
  }
  if (auto read = section.finish(); !read) return read;
  if (settings.programs.size() >= health_program_limit) {
    return fail("cannot use " + path + ": [" + label + "] is one program too many; at most " +
                std::to_string(health_program_limit) + " can be run");
  }
  settings.programs.push_back(std::move(program));
  return {};
}

}  // namespace

Result<void> read_health_table(const toml::table& table, const std::string& path,
                               HealthSettings& settings) {
  Section section(table, "health", path);
  section.read("ill_for_s", settings.ill_for);
  section.read("well_for_s", settings.well_for);
  std::vector<std::string> ignore;
  section.read_list("ignore", ignore, health_check_names().size());
  section.read("memory_errors_a_day", settings.memory_errors_a_day);
  section.read("degrees_below_critical", settings.degrees_below_critical);
  section.read_list("disks", settings.disks, health_list_limit);
  section.read_list("file_systems", settings.file_systems, health_list_limit);
  section.read("least_free_mib", settings.least_free_mib);
  section.read("hypervisor_s", settings.hypervisor);
  section.read("sysfs", settings.sysfs);
  section.limit("ill_for_s", settings.ill_for, 0, hour_s);
  section.limit("well_for_s", settings.well_for, 0, 24 * hour_s);
  section.limit("degrees_below_critical", settings.degrees_below_critical, 0, 50);
  section.limit("hypervisor_s", settings.hypervisor, least_hypervisor_s, hour_s);
  for (const auto& name : ignore) {
    if (!health_check_names().contains(name)) {
      std::string known;
      for (const auto& one : health_check_names()) known += " " + one;
      section.refuse("ignore", "names '" + quote(name) + "'; there are" + known);
    }
    settings.ignore.insert(name);
  }
  if (!are_paths(settings.disks)) section.refuse("disks", "expects devices: [\"/dev/sda\"]");
  if (!are_paths(settings.file_systems)) {
    section.refuse("file_systems", "expects folders with their paths: [\"/\", \"/srv\"]");
  }
  for (const auto& [key, node] : table) {
    if (node.is_table()) section.subtables(std::string(key.str()));
  }
  if (auto read = section.finish(); !read) return read;
  for (const auto& [key, node] : table) {
    if (!node.is_table()) continue;
    auto read = read_program(std::string(key.str()), *node.as_table(), path, settings);
    if (!read) return read;
  }
  return {};
}

}  // namespace upbeat
