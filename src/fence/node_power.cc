// SPDX-License-Identifier: Apache-2.0
// Asks for or switches a node's power through all its devices.
#include "fence/node_power.h"

#include <poll.h>

#include <algorithm>
#include <ranges>

#include "fence/agent_options.h"
#include "fence/fence_agent.h"

namespace upbeat {
namespace {

struct Order {
  std::string node;
  PowerAction action = PowerAction::status;
  int stop_fd = -1;
  std::chrono::milliseconds patience = fence_timeout_max;  ///< with one run of an agent
};

using Levels = std::map<int, std::vector<FenceDevice>>;

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

/// One attempt at one outlet.
Result<PowerState> attempt(const FenceDevice& device, const std::string& plug, const Order& order) {
  auto options = read_options(device.options);
  if (!options) return fail("fence device '" + device.name + "': " + options.error().text);
  (*options)["nodename"] = order.node;
  if (!plug.empty()) (*options)["plug"] = plug;
  const AgentRun run{.device = device.name,
                     .agent = device.agent,
                     .options = std::move(*options),
                     .timeout = std::min(device.timeout, order.patience),
                     .stop_fd = order.stop_fd};
  if (order.action == PowerAction::status) return checked(ask_agent(run), run, plug);

  const auto told = tell_agent(run, order.action);
  // Whoever does not answer is not waited for twice while others have not been asked at all.
  if (!told && order.patience < fence_timeout_max) return std::unexpected(told.error());
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

std::string outlet_says(const FenceDevice& device, const std::string& plug, PowerState state) {
  const std::string what = plug.empty() ? "it is " : "outlet " + plug + " is ";
  return device.name + " says that " + what + to_string(state);
}

void add(std::string& list, const std::string& one) { list += (list.empty() ? "" : ", ") + one; }

/// One attempt at all outlets of one level: on if one of them is, off if all are.
Result<PowerAnswer> attempt(const std::vector<FenceDevice>& level, const Order& order) {
  PowerAnswer all{PowerState::off, ""};
  std::string wrong;
  for (const auto& device : level) {
    for (const auto& plug : device.plugs.at(order.node)) {
      const auto state = attempt(device, plug, order);
      // One supply that stays on is no proof, yet the others are switched all the same: less is
      // left to do for whoever comes to look.
      if (!state) {
        wrong += (wrong.empty() ? "" : " | ") + state.error().text;
        continue;
      }
      if (*state == PowerState::on) all.state = PowerState::on;
      add(all.told_by, outlet_says(device, plug, *state));
    }
  }
  if (wrong.empty()) return all;
  return fail(wrong + (all.told_by.empty() ? "" : " (" + all.told_by + ")"));
}

int most_retries(const std::vector<FenceDevice>& level) {
  int most = 0;
  for (const auto& device : level) most = std::max(most, device.retries);
  return most;
}

/// What was wrong with each level, last.
std::string complaints(const std::map<int, std::string>& wrong) {
  std::string text;
  for (const auto& [number, what] : wrong) text += (text.empty() ? "" : " | ") + what;
  return text;
}

/// The first level that answers as a whole; all are tried once before one is tried again.
Result<PowerAnswer> first_that_answers(const Levels& levels, Order order) {
  std::map<int, std::string> wrong;
  for (int round = 0; round <= fence_retry_limit; ++round) {
    bool tried = false;
    for (const auto& [number, devices] : levels) {
      if (round > most_retries(devices)) continue;
      if (round > 0 && !tried && pause(order.stop_fd)) return fail(complaints(wrong));
      tried = true;
      const bool others_wait = round == 0 && number != levels.rbegin()->first;
      order.patience = others_wait ? fence_first_patience : fence_timeout_max;
      auto answer = attempt(devices, order);
      if (!answer) {
        wrong[number] = answer.error().text;
        continue;
      }
      wrong.erase(number);
      if (!wrong.empty()) answer->told_by += "; no proof came from: " + complaints(wrong);
      return answer;
    }
    if (!tried) break;
  }
  return fail(complaints(wrong));
}

Result<PowerAnswer> act_on_level(const std::vector<FenceDevice>& level, const Order& order) {
  auto answer = attempt(level, order);
  for (int more = most_retries(level); !answer && more > 0; --more) {
    if (pause(order.stop_fd)) break;
    answer = attempt(level, order);
  }
  return answer;
}

Result<PowerAnswer> switch_all_on(const Levels& levels, const Order& order) {
  std::string on;
  std::string wrong;
  for (const auto& [number, devices] : std::views::reverse(levels)) {
    const auto answer = act_on_level(devices, order);
    if (answer) {
      add(on, answer->told_by);
    } else {
      wrong += (wrong.empty() ? "" : " | ") + answer.error().text;
    }
  }
  if (!on.empty()) return PowerAnswer{PowerState::on, on};
  return fail(wrong);
}

bool is_readable(int fd) {
  pollfd stop{fd, POLLIN, 0};
  return ::poll(&stop, 1, 0) > 0;
}

Result<PowerState> probe_outlet(const FenceDevice& device, const std::string& plug,
                                const Order& order, SilentDevices& silent,
                                SilentDevices::Time asked) {
  if (auto why = silent.since(device.name, asked)) return std::unexpected(std::move(*why));
  Result<PowerState> state = fail("");
  for (int tries = 0; !state && tries < probe_attempts; ++tries) {
    if (tries > 0 && pause(order.stop_fd)) break;
    const auto begun = std::chrono::steady_clock::now();
    state = attempt(device, plug, order);
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
      for (const auto& plug : device.plugs.at(probe.node)) {
        seen.push_back(
            {device.name, level, plug, probe_outlet(device, plug, order, silent, probe.asked)});
      }
    }
  }
  return seen;
}

Result<PowerAnswer> act_on_node(const std::vector<FenceDevice>& devices, const std::string& node,
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
