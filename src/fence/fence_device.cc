// SPDX-License-Identifier: Apache-2.0
// Mistakes in the configuration of fence devices, found before a node must be fenced.
#include "fence/fence_device.h"

#include <set>

#include "fence/agent_options.h"
#include "fence/fence_agent.h"

namespace upbeat {
namespace {

std::unexpected<Error> wrong(const FenceDevice& device, const std::string& what) {
  return fail("cannot use fence device '" + device.name + "': " + what);
}

Result<void> check_limits(const FenceDevice& device) {
  if (device.retries < 0 || device.retries > fence_retry_limit) {
    return wrong(device, "its retries are " + std::to_string(device.retries) + "; set 0 to " +
                             std::to_string(fence_retry_limit));
  }
  if (device.timeout < fence_timeout_min || device.timeout > fence_timeout_max) {
    return wrong(device, "its timeout is " + std::to_string(device.timeout.count()) + " ms; set " +
                             std::to_string(fence_timeout_min.count()) + " to " +
                             std::to_string(fence_timeout_max.count()));
  }
  if (device.level < 1 || device.level > fence_level_limit) {
    return wrong(device, "its level is " + std::to_string(device.level) + "; set 1 to " +
                             std::to_string(fence_level_limit) + ", the lowest is asked first");
  }
  return {};
}

/// Two nodes on one outlet: fencing one would take the other's power.
Result<void> check_plugs(const FenceDevice& device) {
  std::set<std::string> seen;
  for (const auto& [node, plugs] : device.plugs) {
    if (plugs.empty() || plugs.size() > fence_plug_limit) {
      return wrong(device, node + " has " + std::to_string(plugs.size()) + " plugs; name 1 to " +
                               std::to_string(fence_plug_limit));
    }
    for (const auto& plug : plugs) {
      if (seen.insert(plug).second) continue;
      return wrong(device, "plug '" + plug + "' is named twice, for " + node +
                               " among others; give each node its own");
    }
  }
  return {};
}

}  // namespace

Result<void> check_devices(const std::vector<FenceDevice>& devices) {
  if (devices.size() > fence_device_limit) {
    return fail("cannot use " + std::to_string(devices.size()) + " fence devices; name at most " +
                std::to_string(fence_device_limit));
  }
  std::set<std::string> names;
  for (const auto& device : devices) {
    if (!names.insert(device.name).second) {
      return wrong(device, "there are two of that name; rename one");
    }
    auto good = check_limits(device);
    if (good) good = check_plugs(device);
    if (!good) return good;
    auto program = find_agent(device.agent);
    if (!program) return wrong(device, program.error().text);
    auto options = read_options(device.options);
    if (!options) return wrong(device, options.error().text);
  }
  return {};
}

std::map<int, std::vector<FenceDevice>> devices_of(const std::vector<FenceDevice>& devices,
                                                   const std::string& node) {
  std::map<int, std::vector<FenceDevice>> found;
  for (const auto& device : devices) {
    if (device.plugs.contains(node)) found[device.level].push_back(device);
  }
  return found;
}

}  // namespace upbeat
