// SPDX-License-Identifier: Apache-2.0
// Whether a node could be emptied: the placement, tried out on a copy of the state.
#include "core/evacuation.h"

#include <algorithm>
#include <tuple>

#include "core/placement.h"

namespace upbeat {

std::vector<VmId> leaving_order(const State& state, NodeId node) {
  std::vector<VmId> order;
  for (const auto& [id, vm] : state.vms) {
    if (vm.may_run_on.contains(node)) order.push_back(id);
  }
  std::ranges::stable_sort(order, [&](const VmId& a, const VmId& b) {
    const auto& left = state.vms.at(a).spec;
    const auto& right = state.vms.at(b).spec;
    return std::tuple(-std::int64_t{left.priority}, right.memory_kib) <
           std::tuple(-std::int64_t{right.priority}, left.memory_kib);
  });
  return order;
}

std::vector<Stranded> stranded_by_drain(const State& state, NodeId node) {
  State trial = state;
  std::vector<Stranded> stranded;
  if (const auto record = trial.nodes.find(node); record != trial.nodes.end()) {
    record->second.drain = Drain{};
  }
  for (const auto& vm : leaving_order(state, node)) {
    if (trial.vms.at(vm).may_run_on.size() > 1) continue;  // on its way already
    if (const auto target = place(trial, vm)) {
      trial.vms.at(vm).may_run_on.emplace(target->node, trial.index);
    } else {
      stranded.push_back({vm, target.error()});
    }
  }
  return stranded;
}

}  // namespace upbeat
