// SPDX-License-Identifier: Apache-2.0
// What one node must be doing now, read off the state.
#include "core/duties.h"

namespace upbeat {
namespace {

/// Whether somebody waits for this node's word on the guest.
bool wants_evidence(const State& state, const VmRecord& vm, NodeId self) {
  if (!vm.may_run_on.contains(self)) return false;
  if (std::holds_alternative<Unsure>(vm.phase)) return true;
  if (const auto* migrating = std::get_if<Migrating>(&vm.phase)) return migrating->ended;
  if (const auto* running = std::get_if<Running>(&vm.phase)) return running->on != self;
  return stays_up(state, vm);
}

}  // namespace

std::vector<Duty> duties(const State& state, NodeId self) {
  const auto* here = online(state, self);
  if (here == nullptr || here->incarnation == 0) return {};
  std::vector<Duty> list;
  bool report = !here->reported;
  // Whoever has something to do with a guest is among those that may be running it.
  for (const auto& [id, record] : state.vms.on(self)) {
    const auto& vm = *record;
    if (const auto* starting = std::get_if<Starting>(&vm.phase); starting && starting->on == self) {
      list.emplace_back(RunHere{id, starting->since});
    } else if (const auto* migrating = std::get_if<Migrating>(&vm.phase);
               migrating && migrating->from == self && !migrating->ended) {
      if (migrating->called_off || migrating->given_up) {
        list.emplace_back(CallOff{id, migrating->to, migrating->since});
      } else {
        list.emplace_back(SendAway{id, migrating->to, migrating->since, migrating->step});
      }
    } else if (const auto* stopping = std::get_if<Stopping>(&vm.phase);
               stopping && stopping->on == self) {
      list.emplace_back(EndHere{id, stopping->force, stopping->since});
    }
    report = report || wants_evidence(state, vm, self);
  }
  for (const auto& [id, node] : state.nodes) {
    if (node.fencing && node.fencing->by == self) {
      list.emplace_back(ProveOff{id, node.fencing->since});
    }
  }
  if (report) list.emplace_back(ReportInventory{});
  return list;
}

}  // namespace upbeat
