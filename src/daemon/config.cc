// SPDX-License-Identifier: Apache-2.0
// The configuration file: each table reads its keys and complains about what is left over.
#include "daemon/config.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include "base/printable.h"
#include "base/toml.h"
#include "fence/watchdog_facts.h"

namespace upbeat {
namespace {

/// Half of it is what the device is told (fence/watchdog_facts.h), and a ring that loses a member
/// takes some seconds in which nobody can be fed.
constexpr std::chrono::seconds least_watchdog_timeout = least_device_timeout * lives_of_a_feed;
constexpr std::chrono::seconds most_watchdog_timeout{120};

std::string quote(std::string_view text) { return printable(text, quote_limit_bytes); }

/// One table of the file while it is read: remembers which keys were asked for.
class Section {
 public:
  Section(const toml::table& table, std::string name, std::string path)
      : table_(table), name_(std::move(name)), path_(std::move(path)) {}

  template <class T>
  void read(const char* key, T& value) {
    known_.insert(key);
    const auto* node = table_.get(key);
    if (node == nullptr) return;
    if constexpr (std::is_same_v<T, std::string>) {
      if (const auto text = node->value_exact<std::string>()) {
        value = *text;
      } else {
        complain(*node, key, "expects text in quotes");
      }
    } else {
      read_number(*node, key, value);
    }
  }
  void read_strings(const char* key, std::map<std::string, std::string>& values) {
    known_.insert(key);
    const auto* node = table_.get(key);
    if (node == nullptr) return;
    if (!node->is_table()) return complain(*node, key, "expects { name = \"text\", … }");
    for (const auto& [name, value] : *node->as_table()) {
      if (const auto text = value.value_exact<std::string>()) {
        values.emplace(name.str(), *text);
      } else if (const auto number = value.value_exact<std::int64_t>()) {
        values.emplace(name.str(), std::to_string(*number));
      } else if (const auto yes = value.value_exact<bool>()) {
        values.emplace(name.str(), *yes ? "1" : "0");
      } else {
        complain(value, std::string(key) + "." + std::string(name.str()), "expects text");
      }
    }
  }
  void subtables(const char* key) { known_.insert(key); }
  /// The first complaint, or one about a key that nobody asked for.
  Result<void> finish() {
    for (const auto& [key, node] : table_) {
      if (!known_.contains(std::string(key.str()))) {
        complain(node, std::string(key.str()), "is not a key that upbeatd knows; " + choices());
      }
    }
    return complaint_.empty() ? Result<void>{} : fail(complaint_);
  }

 private:
  template <class Number>
  void read_number(const toml::node& node, const char* key, Number& value) {
    const auto number = node.value_exact<std::int64_t>();
    if (!number || *number < 0 || *number > limit) {
      return complain(node, key, "expects a whole number from 0 to " + std::to_string(limit));
    }
    if constexpr (requires { value.count(); }) {
      value = Number(*number);
    } else {
      value = static_cast<Number>(*number);
    }
  }
  void complain(const toml::node& node, const std::string& key, const std::string& what) {
    if (!complaint_.empty()) return;
    complaint_ = "cannot use " + path_ + ": line " + std::to_string(node.source().begin.line) +
                 ": " + (name_.empty() ? "" : "[" + quote(name_) + "] ") + quote(key) + " " + what;
  }
  [[nodiscard]] std::string choices() const {
    std::string text = "it knows";
    for (const auto& key : known_) text += " " + key;
    return text + " here";
  }

  static constexpr std::int64_t limit = 1'000'000'000;
  const toml::table& table_;
  std::string name_;
  std::string path_;
  std::set<std::string> known_;
  std::string complaint_;
};

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
    section.read_strings("plugs", device.plugs);
    if (auto read = section.finish(); !read) return read;
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
                           "watchdog", "ups"}) {
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
