// SPDX-License-Identifier: Apache-2.0
// The configuration file: what is taken is within its limits, what is refused is refused in words.
#include <sstream>

#include "base/toml.h"
#include "daemon/config.h"
#include "promise.h"

namespace upbeat {
namespace {

constexpr std::int64_t number_limit = 1'000'000'000;

toml::table table_of(const std::map<std::string, std::string>& values) {
  toml::table table;
  for (const auto& [key, value] : values) table.insert(key, value);
  return table;
}

toml::array array_of(const std::vector<std::string>& values) {
  toml::array array;
  for (const auto& value : values) array.push_back(value);
  return array;
}

toml::table table_of(const std::map<std::string, std::vector<std::string>>& values) {
  toml::table table;
  for (const auto& [name, list] : values) table.insert(name, array_of(list));
  return table;
}

toml::table table_of(const HealthSettings& health) {
  const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  toml::table table{{"ill_for_s", health.ill_for.count()},
                    {"well_for_s", health.well_for.count()},
                    {"ignore", array_of({health.ignore.begin(), health.ignore.end()})},
                    {"memory_errors_a_day", number(health.memory_errors_a_day)},
                    {"degrees_below_critical", std::int64_t{health.degrees_below_critical}},
                    {"disks", array_of(health.disks)},
                    {"file_systems", array_of(health.file_systems)},
                    {"least_free_mib", number(health.least_free_mib)},
                    {"hypervisor_s", health.hypervisor.count()},
                    {"sysfs", health.sysfs}};
  for (const auto& program : health.programs) {
    table.insert(program.name, toml::table{{"command", array_of(program.command)},
                                           {"interval_s", program.interval.count()},
                                           {"timeout_s", program.timeout.count()}});
  }
  return table;
}

/// The configuration as a file that says everything.
std::string written(const Config& config) {
  toml::table fence;
  for (const FenceSection& device : config.fence)
    fence.insert(device.name, toml::table{{"agent", device.agent},
                                          {"timeout_s", device.timeout.count()},
                                          {"retries", std::int64_t{device.retries}},
                                          {"options", table_of(device.options)},
                                          {"plugs", table_of(device.plugs)},
                                          {"level", static_cast<std::int64_t>(device.level)}});
  const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  const toml::table root{
      {"node", toml::table{{"memory_mib", number(config.memory_mib.value_or(0))},
                           {"host_reserve_mib", number(config.host_reserve_mib)}}},
      {"hypervisor",
       toml::table{{"uri", config.hypervisor_uri}, {"migrate_uri", config.migrate_uri}}},
      {"shutdown", toml::table{{"budget_s", config.shutdown_budget.count()}}},
      {"api", toml::table{{"socket", config.api_socket}}},
      {"state", toml::table{{"file", config.state_file}}},
      {"fence", fence},
      {"health", table_of(config.health)}};
  std::ostringstream text;
  text << toml::toml_formatter(root, plain_strings);
  return text.str();
}

void promise_limits(const Config& config) {
  fuzz::promise(config.memory_mib.value_or(1) != 0, "memory is left out rather than 0");
  fuzz::promise(config.memory_mib.value_or(0) <= number_limit, "memory is within its limit");
  fuzz::promise(config.host_reserve_mib <= number_limit, "the reserve is within its limit");
  fuzz::promise(config.shutdown_budget.count() >= 0, "a budget is not negative");
  fuzz::promise(config.migrate_uri.contains("{node}"), "a migration has a target");
  fuzz::promise(config.health.programs.size() <= health_program_limit, "programs are limited");
  for (const HealthProgram& program : config.health.programs) {
    fuzz::promise(!program.command.empty() && program.command.front().starts_with('/'),
                  "a program has its path");
    fuzz::promise(program.interval.count() > 0, "a program is not run all the time");
  }
  for (const FenceSection& device : config.fence) {
    fuzz::promise(!device.agent.empty(), "a fence device has an agent");
    fuzz::promise(device.timeout.count() >= 0 && device.timeout.count() <= number_limit,
                  "a timeout is within its limits");
  }
}

void try_text(const std::string& text) {
  const auto config = read_config(text, "upbeat.toml");
  if (!config) {
    fuzz::promise_sentence(config.error().text);
    return fuzz::promise(config.error().text.starts_with("cannot use upbeat.toml: "),
                         "an error names the file", config.error().text);
  }
  promise_limits(*config);
  const std::string file = written(*config);
  const auto again = read_config(file, "upbeat.toml");
  fuzz::promise(again.has_value(), "what was read can be written down",
                again ? "" : again.error().text);
  fuzz::promise(written(*again) == file, "what was written down is read the same");
}

}  // namespace
}  // namespace upbeat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  upbeat::try_text(upbeat::fuzz::text_of(data, size));
  return 0;
}
