// SPDX-License-Identifier: Apache-2.0
// Whether a world has come to rest.
#include "sim/under_way.h"

#include <algorithm>

#include "core/decide.h"
#include "core/explain.h"

namespace upbeat {
namespace {

bool can_be_member(const World& world, const Machine& machine) {
  return machine.powered() && machine.node() != nullptr && world.hears_majority(machine.facts().id);
}

std::string machines_under_way(const World& world) {
  for (const auto& [id, machine] : world.machines()) {
    const auto& name = machine->facts().name;
    if (machine->coming_up()) return name + " boots";
    if (machine->going_down()) return name + " goes down";
    if (machine->stands_still()) return "the daemon of " + name + " stands still";
    if (can_be_member(world, *machine) && !machine->node()->in_step()) {
      return name + " is agreeing with the others on a view";
    }
  }
  return {};
}

/// Whether the cluster has not noticed yet how the node stands, or is about to change that.
std::string node_under_way(const World& world, const State& state, NodeId id) {
  const auto& node = state.nodes.at(id);
  const auto& machine = *world.machines().at(id);
  const auto* here = std::get_if<Online>(&node.standing);
  if (here != nullptr && (!machine.powered() || !world.hears_majority(id))) {
    return "the loss of " + node.name + " is not noticed yet";
  }
  if (here == nullptr && can_be_member(world, machine)) return node.name + " joins";
  if (here != nullptr && here->incarnation != 0 && !here->reported) {
    return node.name + " reports its guests";
  }
  if (here != nullptr && here->leaving) return node.name + " leaves";
  if (node.fencing && node.fencing->failures < fence_failures_waited_for) {
    return node.name + " is being proved off";
  }
  if (std::holds_alternative<Unseen>(node.standing) && !is_empty(state, id) && !node.fencing) {
    return node.name + " is waited for";
  }
  return {};
}

bool executes(const World& world, const State& state, const VmId& id, NodeId on) {
  const auto& machine = world.machines().at(on);
  return machine->powered() && world.hosts().host(name_of(state, on)).runs(id);
}

std::string guest_under_way(const World& world, const State& state, const VmId& id) {
  const auto& vm = state.vms.at(id);
  auto word = id.get() + " is " + phase_word(vm);
  if (std::holds_alternative<Starting>(vm.phase) || std::holds_alternative<Migrating>(vm.phase) ||
      std::holds_alternative<Stopping>(vm.phase)) {
    return word;
  }
  const bool all_online = std::ranges::all_of(
      vm.may_run_on, [&](const auto& entry) { return online(state, entry.first) != nullptr; });
  if (std::holds_alternative<Unsure>(vm.phase) && all_online) return word;
  const bool waits = vm.wanted == Wanted::running && !vm.given_up;
  if (waits && vm.not_before > state.now && !std::holds_alternative<Alarm>(vm.phase)) {
    return id.get() + " is tried again soon";
  }
  if (waits && std::holds_alternative<Stopped>(vm.phase) && vm.waits_for.empty()) return word;
  const auto* running = std::get_if<Running>(&vm.phase);
  if (running == nullptr || online(state, running->on) == nullptr) return {};
  if (!executes(world, state, id, running->on)) return "the end of " + id.get() + " is not noticed";
  if (!world.hosts().host(name_of(state, running->on)).answers(id)) return id.get() + " boots";
  return {};
}

}  // namespace

std::string under_way(const World& world) {
  if (auto what = machines_under_way(world); !what.empty()) return what;
  const auto* member = world.member();
  if (member == nullptr) return {};  // without a quorum nothing will be done
  const auto& state = member->state();
  for (const auto& [id, node] : state.nodes) {
    if (auto what = node_under_way(world, state, id); !what.empty()) return what;
  }
  for (const auto& [id, vm] : state.vms) {
    if (auto what = guest_under_way(world, state, id); !what.empty()) return what;
  }
  return decide(state).empty() ? "" : "the coordinator decides";
}

}  // namespace upbeat
