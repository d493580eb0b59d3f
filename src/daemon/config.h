// SPDX-License-Identifier: Apache-2.0
// The configuration file, /etc/upbeat/upbeat.toml: what a host's owner may set, and nothing else.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "health/health_settings.h"
#include "shutdown/nut_answer.h"
#include "shutdown/ups_watch.h"

namespace upbeat {

/// A fence device: a ClusterLabs agent, what it is told, and which of its outlets is which node.
struct FenceSection {
  std::string name;
  std::string agent;
  std::chrono::seconds timeout{20};
  std::uint32_t retries = 2;
  std::map<std::string, std::string> options;
  std::map<std::string, std::vector<std::string>> plugs;  ///< by node name
  std::uint32_t level = 1;                                ///< the lowest is asked first
};

/// The host's watchdog. Without the table upbeatd uses none: to have a host reset is its owner's to
/// decide.
struct WatchdogSection {
  std::string device = "/dev/watchdog";
  /// By when a host that lost the others is reset, and so how long they wait for it. Half of it has
  /// to be longer than a ring of Corosync's needs to form anew, or all hosts are reset when one
  /// dies: its token and consensus timeouts and some 3 s (up to five hosts with its defaults).
  std::chrono::seconds timeout{30};
};

/// The host's UPS, if NUT knows one.
struct UpsSection {
  UpsPlace place;
  UpsRule rule;
};

struct Config {
  std::optional<std::uint64_t> memory_mib;
  std::uint64_t host_reserve_mib = 512;
  std::string hypervisor_uri = "qemu:///system";
  std::string migrate_uri = "qemu+tls://{node}/system";
  std::chrono::seconds shutdown_budget{600};
  std::uint64_t migration_mib_per_s = 0;  ///< of all migrations from here; 0: what there is
  std::string api_socket = "/run/upbeat/api.sock";
  std::string state_file = "/var/lib/upbeat/state.db";
  std::vector<FenceSection> fence;
  std::optional<WatchdogSection> watchdog;
  std::optional<UpsSection> ups;
  HealthSettings health;
};

/// Reads the file's text. An unknown key, a wrong type, a value out of bounds: an error that names
/// the file, the line and what is expected.
[[nodiscard]] Result<Config> read_config(const std::string& toml, const std::string& path);

/// Reads the file. One that is not there gives the defaults.
[[nodiscard]] Result<Config> load_config(const std::string& path);

}  // namespace upbeat
