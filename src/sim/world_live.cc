// SPDX-License-Identifier: Apache-2.0
// A world that begins as a live cluster's state tells; and how a world refuses.
#include <algorithm>

#include "sim/live.h"
#include "sim/world.h"

namespace upbeat {

World::World(const State& live) : World(scenario_of(live), for_twins(live)) {}

NodeId World::id_in_live(const std::string& node) const {
  const auto found = std::ranges::find_if(
      live_->nodes, [&](const auto& entry) { return name_of(*live_, entry.first) == node; });
  return found->first;
}

bool World::begins_without_daemon(NodeId node) const {
  const auto* here = live_ ? online(*live_, node) : nullptr;
  return here != nullptr && here->incarnation == 0;
}

void World::begin_as_live() {
  for (const auto& [name, id] : ids_) {
    if (begins_without_daemon(id)) machine(name).kill_daemon();
    const auto& fencing = live_->nodes.at(id).fencing;
    if (fencing && fencing->failures > 0) strip_.break_outlet(name, OutletFault::unreachable);
  }
  for (const auto& [vm, on, uuid, memory_kib] : live_guests(*live_)) {
    const auto host = name_of(*live_, on);
    hosts_.host(host).begin_with(vm, uuid, memory_kib);
    seen_on_[vm] = host;
  }
}

/// A machine that boots knows nothing of a shutdown: one that was under way begins once more. And
/// what ailed it ails it still.
void World::go_on_as_live() {
  for (const auto& [name, id] : ids_) {
    const auto& node = live_->nodes.at(id);
    const auto* here = online(*live_, id);
    if (here != nullptr && node.drain && node.drain->cause == DrainCause::failing) {
      machine(name).ail(node.drain->why);
    }
    const bool drains = node.drain && node.drain->cause == DrainCause::shutdown;
    if (here == nullptr || (!here->leaving && !drains)) continue;
    const bool comes_back = node.drain && node.drain->why.starts_with("reboot");
    machine(name).shut_down(comes_back ? GoingTo::reboot : GoingTo::power_off);
  }
}

void World::refuse(const std::string& words, const std::string& why) {
  log("operator", words + ": " + why);
  for (auto* watcher : watchers_) watcher->on_refused(words, why);
}

}  // namespace upbeat
