// SPDX-License-Identifier: Apache-2.0
// What the configuration says about the devices that can take a node's power away.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace upbeat {

/// A fence device and the agent that speaks with it.
struct FenceDevice {
  std::string name;   ///< for people: "strip"
  std::string agent;  ///< a program of the ClusterLabs fence agent API: "fence_apc_snmp"
  /// As in the agent's manual page: "ip", "username", … An option that ends in `_file` is given to
  /// the agent as the content of that file, under its name without `_file`, so that secrets need
  /// not stand in the configuration: `password_file = "/etc/upbeat/strip.password"`.
  std::map<std::string, std::string> options;
  /// Node name -> the device's names for its outlets: several if the node has several supplies on
  /// it; "" where the device has only that one node.
  std::map<std::string, std::vector<std::string>> plugs;
  std::chrono::milliseconds timeout{20'000};  ///< for each run of the agent
  int retries = 2;                            ///< more attempts after the first
  /// A node is off when ALL its outlets on all its devices of one level are: two supplies of a node
  /// are two outlets of one level. Where that cannot be proved, the next higher level is tried.
  int level = 1;
};

inline constexpr int fence_retry_limit = 10;
inline constexpr int fence_level_limit = 9;  ///< the lowest is 1
/// Outlets of one node on one device.
inline constexpr std::size_t fence_plug_limit = 8;
inline constexpr std::size_t fence_device_limit = 256;
inline constexpr std::chrono::milliseconds fence_timeout_min{100};
inline constexpr std::chrono::milliseconds fence_timeout_max{300'000};

/// Looks for mistakes that would show only when a node must be fenced: limits, a missing agent,
/// options that Upbeat itself sets, one outlet for two nodes, files that cannot be read.
[[nodiscard]] Result<void> check_devices(const std::vector<FenceDevice>& devices);

/// The node's devices by level; within one in the order of the configuration.
[[nodiscard]] std::map<int, std::vector<FenceDevice>> devices_of(
    const std::vector<FenceDevice>& devices, const std::string& node);

}  // namespace upbeat
