// SPDX-License-Identifier: Apache-2.0
// Whether a node could be emptied: the placement, tried out on a copy of the state.
#include "core/evacuation.h"

#include <algorithm>
#include <tuple>

#include "core/placement.h"

namespace upbeat {

std::vector<VmId> leaving_order(const State& state, NodeId node) {
  auto seats = state.vms.on(node);
  std::ranges::stable_sort(seats, [](const Guests::Seat& a, const Guests::Seat& b) {
    const auto& left = a.record->spec;
    const auto& right = b.record->spec;
    return std::tuple(-std::int64_t{left.priority}, right.memory_kib) <
           std::tuple(-std::int64_t{right.priority}, left.memory_kib);
  });
  std::vector<VmId> order;
  for (auto& seat : seats) order.push_back(std::move(seat.vm));
  return order;
}

namespace {

/// Gives each guest that has yet to leave the node a place in `trial`; those that find none.
std::vector<Stranded> move_out(State& trial, NodeId node) {
  std::vector<Stranded> stranded;
  for (const auto& vm : leaving_order(trial, node)) {
    if (trial.vms.at(vm).may_run_on.size() > 1) continue;  // on its way already
    if (const auto target = place(trial, vm)) {
      trial.vms.edit(vm).may_run_on.emplace(target->node, trial.index);
      trial.vms.settle();
    } else {
      stranded.push_back({vm, target.error()});
    }
  }
  return stranded;
}

}  // namespace

std::vector<Stranded> stranded_by_drain(const State& state, NodeId node) {
  State trial = state;
  if (trial.nodes.contains(node)) trial.nodes.edit(node).drain = Drain{};
  // What is still to leave other nodes needs room as well, and was granted it before.
  for (const auto& [other, record] : state.nodes) {
    if (other == node || !record.drain || online(state, other) == nullptr ||
        stops_its_guests(state, other)) {
      continue;
    }
    static_cast<void>(move_out(trial, other));
  }
  return move_out(trial, node);
}

}  // namespace upbeat
