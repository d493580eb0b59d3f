// SPDX-License-Identifier: Apache-2.0
// All guests of the cluster, by name and by the nodes that may be running them.
#include "core/guests.h"

#include <algorithm>

namespace upbeat {

/// From now on the guest is not found by node: its record is looked at instead.
void Guests::touch(const VmId& vm) {
  if (std::ranges::find(touched_, vm) != touched_.end()) return;
  touched_.push_back(vm);
  const auto found = records_.find(vm);
  if (found == records_.end()) return;
  for (const auto& [node, since] : found->second.may_run_on) {
    There& there = by_node_.edit(node);
    there.seats.erase(std::ranges::lower_bound(there.seats, vm, {}, &Seat::vm));
    there.memory_kib -= found->second.spec.memory_kib;
    if (there.seats.empty()) by_node_.erase(node);
  }
}

/// From now on the guest is found by node.
void Guests::enter(const VmId& vm) {
  const auto& record = records_.at(vm);
  for (const auto& [node, since] : record.may_run_on) {
    There& there = by_node_[node];
    there.seats.insert(std::ranges::lower_bound(there.seats, vm, {}, &Seat::vm), {vm, &record});
    there.memory_kib += record.spec.memory_kib;
  }
}

VmRecord& Guests::edit(const VmId& vm) {
  touch(vm);
  return records_.edit(vm);
}

VmRecord& Guests::operator[](const VmId& vm) {
  touch(vm);
  return records_[vm];
}

void Guests::emplace(const VmId& vm, VmRecord record) {
  if (records_.contains(vm)) return;
  records_.emplace(vm, std::move(record));
  enter(vm);
}

std::size_t Guests::erase(const VmId& vm) {
  touch(vm);
  std::erase(touched_, vm);
  return records_.erase(vm);
}

void Guests::settle() {
  for (const auto& vm : touched_) enter(vm);
  touched_.clear();
}

std::vector<Guests::Seat> Guests::on(NodeId node) const {
  const auto found = by_node_.find(node);
  auto list = found == by_node_.end() ? std::vector<Seat>() : found->second.seats;
  for (const auto& vm : touched_) {
    const auto& record = records_.at(vm);
    if (record.may_run_on.contains(node)) {
      list.insert(std::ranges::lower_bound(list, vm, {}, &Seat::vm), {vm, &record});
    }
  }
  return list;
}

bool Guests::any_on(NodeId node) const {
  return by_node_.contains(node) || std::ranges::any_of(touched_, [&](const VmId& vm) {
           return records_.at(vm).may_run_on.contains(node);
         });
}

std::uint64_t Guests::memory_on_kib(NodeId node) const {
  const auto found = by_node_.find(node);
  std::uint64_t sum = found == by_node_.end() ? 0 : found->second.memory_kib;
  for (const auto& vm : touched_) {
    const auto& record = records_.at(vm);
    if (record.may_run_on.contains(node)) sum += record.spec.memory_kib;
  }
  return sum;
}

}  // namespace upbeat
