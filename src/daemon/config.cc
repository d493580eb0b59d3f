// SPDX-License-Identifier: Apache-2.0
// The configuration file: each table reads its keys and complains about what is left over.
#include "daemon/config.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "daemon/config_health.h"
#include "daemon/config_section.h"
#include "fence/fence_device.h"
#include "fence/watchdog_facts.h"

namespace upbeat {
namespace {

/// Half of it is what the device is told (fence/watchdog_facts.h), and a ring that loses a member
/// takes some seconds in which nobody can be fed.
constexpr std::chrono::seconds least_watchdog_timeout = least_device_timeout * lives_of_a_feed;
constexpr std::chrono::seconds most_watchdog_timeout{120};

/// The table [name], if it is there and is one.
Result<const toml::table*> table_of(const toml::table& root, const char* name,
                                    const std::string& path) {
  const auto* node = root.get(name);
  if (node == nullptr) return nullptr;
  if (const auto* table = node->as_table()) return table;
  return fail("cannot use " + path + ": line " + std::to_string(node->source().begin.line) + ": " +
              name + " has to be a table: [" + name + "]");
}

Result<void> read_fence(const toml::table& devices, const std::string& path, Config& config) {
  for (const auto& [name, node] : devices) {
    const std::string label = "fence." + std::string(name.str());
    const auto* table = node.as_table();
    if (table == nullptr) {
      return fail("cannot use " + path + ": " + quote(label) + " has to be a table: [" +
                  quote(label) + "]");
    }
    FenceSection device{.name = std::string(name.str())};
    Section section(*table, label, path);
    section.read("agent", device.agent);
    section.read("timeout_s", device.timeout);
    section.read("retries", device.retries);
    section.read_strings("options", device.options);
    section.read_lists("plugs", device.plugs);
    section.read("level", device.level);
    if (auto read = section.finish(); !read) return read;
    if (device.level < 1 || device.level > fence_level_limit) {
      return fail("cannot use " + path + ": [" + quote(label) +
                  "] level expects a whole number from 1 to " + std::to_string(fence_level_limit) +
                  ": the lowest is asked first");
    }
    if (device.agent.empty()) {
      return fail("cannot use " + path + ": [" + quote(label) +
                  "] names no agent; add agent = \"fence_…\"");
    }
    config.fence.push_back(std::move(device));
  }
  return {};
}

Result<void> read_watchdog(const toml::table& table, const std::string& path, Config& config) {
  WatchdogSection watchdog;
  Section section(table, "watchdog", path);
  section.read("device", watchdog.device);
  section.read("timeout_s", watchdog.timeout);
  if (auto read = section.finish(); !read) return read;
  if (watchdog.timeout < least_watchdog_timeout || watchdog.timeout > most_watchdog_timeout) {
    return fail("cannot use " + path + ": [watchdog] timeout_s expects a whole number from " +
                std::to_string(least_watchdog_timeout.count()) + " to " +
                std::to_string(most_watchdog_timeout.count()) +
                ": with less a host that is well might be reset, with more the guests of one that "
                "is lost wait for too long");
  }
  if (!watchdog.device.empty()) config.watchdog = std::move(watchdog);
  return {};
}

Result<void> read_ups_table(const toml::table& table, const std::string& path, Config& config) {
  UpsSection ups;
  std::string name;
  Section section(table, "ups", path);
  section.read("name", name);
  section.read("patience_s", ups.rule.patience);
  section.read("reserve_s", ups.rule.reserve);
  if (auto read = section.finish(); !read) return read;
  if (name.empty()) return {};
  auto place = read_ups_place(name);
  if (!place) return fail("cannot use " + path + ": [ups] name " + place.error().text);
  ups.place = std::move(*place);
  ups.rule.name = name;
  config.ups = std::move(ups);
  return {};
}

template <class Read>
Result<void> read_table(const toml::table& root, const char* name, const std::string& path,
                        Read read) {
  const auto table = table_of(root, name, path);
  if (!table) return std::unexpected(table.error());
  if (*table == nullptr) return {};
  Section section(**table, name, path);
  read(section);
  return section.finish();
}

Result<void> read_all(const toml::table& root, const std::string& path, Config& config) {
  Section top(root, "", path);
  for (const auto* name : {"node", "hypervisor", "migration", "shutdown", "api", "state", "fence",
                           "watchdog", "ups", "health"}) {
    top.subtables(name);
  }
  if (auto read = top.finish(); !read) return read;
  auto read = read_table(root, "node", path, [&](Section& section) {
    std::uint64_t memory = 0;
    section.read("memory_mib", memory);
    if (memory != 0) config.memory_mib = memory;
    section.read("host_reserve_mib", config.host_reserve_mib);
  });
  if (!read) return read;
  read = read_table(root, "hypervisor", path, [&](Section& section) {
    section.read("uri", config.hypervisor_uri);
    section.read("migrate_uri", config.migrate_uri);
  });
  if (!read) return read;
  read = read_table(root, "migration", path, [&](Section& section) {
    section.read("bandwidth_mib_s", config.migration_mib_per_s);
  });
  if (!read) return read;
  read = read_table(root, "shutdown", path,
                    [&](Section& section) { section.read("budget_s", config.shutdown_budget); });
  if (!read) return read;
  read = read_table(root, "api", path,
                    [&](Section& section) { section.read("socket", config.api_socket); });
  if (!read) return read;
  read = read_table(root, "state", path,
                    [&](Section& section) { section.read("file", config.state_file); });
  if (!read) return read;
  const auto watchdog = table_of(root, "watchdog", path);
  if (!watchdog) return std::unexpected(watchdog.error());
  if (*watchdog != nullptr) read = read_watchdog(**watchdog, path, config);
  if (!read) return read;
  const auto ups = table_of(root, "ups", path);
  if (!ups) return std::unexpected(ups.error());
  if (*ups != nullptr) read = read_ups_table(**ups, path, config);
  if (!read) return read;
  const auto health = table_of(root, "health", path);
  if (!health) return std::unexpected(health.error());
  if (*health != nullptr) read = read_health_table(**health, path, config.health);
  if (!read) return read;
  const auto devices = table_of(root, "fence", path);
  if (!devices) return std::unexpected(devices.error());
  return *devices == nullptr ? Result<void>{} : read_fence(**devices, path, config);
}

}  // namespace

Result<Config> read_config(const std::string& text, const std::string& path) {
  Config config;
  try {
    const auto root = toml::parse(text, path);
    if (auto read = read_all(root, path, config); !read) return std::unexpected(read.error());
  } catch (const toml::parse_error& error) {
    return fail("cannot use " + path + ": line " + std::to_string(error.source().begin.line) +
                ": " + quote(error.description()));
  }
  if (config.migrate_uri.find("{node}") == std::string::npos) {
    return fail("cannot use " + path +
                ": [hypervisor] migrate_uri has to hold {node}, for the target's name");
  }
  return config;
}

Result<Config> load_config(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    if (errno == ENOENT) return Config{};
    return fail("cannot read " + path + ": " + std::strerror(errno) +
                "; upbeatd has to run as root");
  }
  std::stringstream text;
  text << file.rdbuf();
  return read_config(text.str(), path);
}

}  // namespace upbeat
