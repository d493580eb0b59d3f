// SPDX-License-Identifier: Apache-2.0
// Asks for or switches a node's power through all its devices.
#include "fence/node_power.h"

#include <poll.h>

#include <ranges>

#include "fence/agent_options.h"
#include "fence/fence_agent.h"

namespace upbeat {
namespace {

struct Order {
  std::string node;
  PowerAction action = PowerAction::status;
  int stop_fd = -1;
};

/// Waits between two attempts; true when it is time to stop.
bool pause(int stop_fd) {
  pollfd stop{stop_fd, POLLIN, 0};
  return ::poll(&stop, 1, static_cast<int>(fence_retry_pause.count())) > 0;
}

std::string to_string(PowerState state) { return state == PowerState::on ? "on" : "off"; }

/// "Off" from a device that switched nothing counts if it has such a plug at all.
Result<PowerState> checked(Result<PowerState> state, const AgentRun& run, const std::string& plug) {
  if (!state || *state == PowerState::on) return state;
  auto known = check_plug(run, plug);
  if (!known) return std::unexpected(known.error());
  return state;
}

/// One attempt at one device.
Result<PowerState> attempt(const FenceDevice& device, const Order& order) {
  auto options = read_options(device.options);
  if (!options) return fail("fence device '" + device.name + "': " + options.error().text);
  (*options)["nodename"] = order.node;
  const auto& plug = device.plugs.at(order.node);
  if (!plug.empty()) (*options)["plug"] = plug;
  const AgentRun run{.device = device.name,
                     .agent = device.agent,
                     .options = std::move(*options),
                     .timeout = device.timeout,
                     .stop_fd = order.stop_fd};
  if (order.action == PowerAction::status) return checked(ask_agent(run), run, plug);

  const auto told = tell_agent(run, order.action);
  auto state = ask_agent(run);
  const auto wanted = order.action == PowerAction::off ? PowerState::off : PowerState::on;
  if (state && *state == wanted) {
    return told == Told::switched ? state : checked(std::move(state), run, plug);
  }
  if (!told) return std::unexpected(told.error());
  if (!state) return state;
  return fail("fence device '" + device.name + "': " + device.agent + " says that it switched " +
              to_string(wanted) + ", but its status says " + to_string(*state) +
              "; check that plug '" + plug + "' is the right one, and the device itself");
}

Result<PowerState> act_on_device(const FenceDevice& device, const Order& order) {
  auto state = attempt(device, order);
  for (int more = device.retries; !state && more > 0; --more) {
    if (pause(order.stop_fd)) break;
    state = attempt(device, order);
  }
  return state;
}

/// All devices of one level: on if one of them says on, off if all say off.
Result<PowerState> act_on_level(const std::vector<FenceDevice>& level, const Order& order) {
  Result<PowerState> all = PowerState::off;
  for (const auto& device : level) {
    auto state = act_on_device(device, order);
    // One supply that stays on is no proof, yet the others are switched all the same: less is left
    // to do for whoever comes to look.
    if (!state) {
      if (all) all = state;
    } else if (all && *state == PowerState::on) {
      all = PowerState::on;
    }
  }
  return all;
}

template <class Levels>
Result<PowerState> first_that_answers(const Levels& levels, const Order& order) {
  std::string wrong;
  for (const auto& [number, devices] : levels) {
    auto state = act_on_level(devices, order);
    if (state) return state;
    wrong += (wrong.empty() ? "" : " | ") + state.error().text;
  }
  return fail(wrong);
}

Result<PowerState> switch_all_on(const std::map<int, std::vector<FenceDevice>>& levels,
                                 const Order& order) {
  bool one_is_on = false;
  std::string wrong;
  for (const auto& [number, devices] : std::views::reverse(levels)) {
    auto state = act_on_level(devices, order);
    if (state) {
      one_is_on = true;
    } else {
      wrong += (wrong.empty() ? "" : " | ") + state.error().text;
    }
  }
  if (one_is_on) return PowerState::on;
  return fail(wrong);
}

bool is_readable(int fd) {
  pollfd stop{fd, POLLIN, 0};
  return ::poll(&stop, 1, 0) > 0;
}

Result<PowerState> probe_device(const FenceDevice& device, const Order& order,
                                SilentDevices& silent, SilentDevices::Time asked) {
  if (auto why = silent.since(device.name, asked)) return std::unexpected(std::move(*why));
  Result<PowerState> state = fail("");
  for (int tries = 0; !state && tries < probe_attempts; ++tries) {
    if (tries > 0 && pause(order.stop_fd)) break;
    const auto begun = std::chrono::steady_clock::now();
    state = attempt(device, order);
    if (state || is_readable(order.stop_fd)) break;
    if (std::chrono::steady_clock::now() - begun < silence) continue;
    silent.note(device.name, state.error());
    break;
  }
  if (!state && is_readable(order.stop_fd)) {
    return fail("fence device '" + device.name +
                "': it is needed to fence a node; ask again when that is done");
  }
  return state;
}

}  // namespace

void SilentDevices::note(const std::string& device, const Error& why) {
  const std::lock_guard lock(mutex_);
  noted_[device] = {std::chrono::steady_clock::now(), why};
}

std::optional<Error> SilentDevices::since(const std::string& device, Time asked) const {
  const std::lock_guard lock(mutex_);
  const auto found = noted_.find(device);
  if (found == noted_.end() || found->second.first < asked) return std::nullopt;
  return found->second.second;
}

std::vector<OutletSeen> probe_node(const std::vector<FenceDevice>& devices, const Probe& probe,
                                   SilentDevices& silent) {
  const Order order{.node = probe.node, .action = PowerAction::status, .stop_fd = probe.stop_fd};
  std::vector<OutletSeen> seen;
  for (const auto& [level, group] : devices_of(devices, probe.node)) {
    for (const auto& device : group) {
      seen.push_back({device.name, level, device.plugs.at(probe.node),
                      probe_device(device, order, silent, probe.asked)});
    }
  }
  return seen;
}

Result<PowerState> act_on_node(const std::vector<FenceDevice>& devices, const std::string& node,
                               PowerAction action, int stop_fd) {
  const auto levels = devices_of(devices, node);
  if (levels.empty()) {
    return fail("cannot reach the power of " + node +
                ": no fence device has a plug for it; name one in the configuration, or confirm "
                "yourself that it is off");
  }
  const Order order{.node = node, .action = action, .stop_fd = stop_fd};
  auto state =
      action == PowerAction::on ? switch_all_on(levels, order) : first_that_answers(levels, order);
  if (state) return state;
  const std::string attempted = action == PowerAction::status ? "ask for the power of " + node
                                : action == PowerAction::off  ? "prove " + node + " off"
                                                              : "switch " + node + " on";
  return fail("cannot " + attempted + ": " + state.error().text);
}

}  // namespace upbeat
