// SPDX-License-Identifier: Apache-2.0
// What must always hold, said as plainly as possible and independently of how `apply` does it.
#include "core/invariants.h"

#include <algorithm>

namespace upbeat {
namespace {

using Findings = std::vector<std::string>;

/// The nodes that the phase itself says the guest is on.
std::vector<NodeId> claimed(const Phase& phase) {
  if (const auto* starting = std::get_if<Starting>(&phase)) return {starting->on};
  if (const auto* running = std::get_if<Running>(&phase)) return {running->on};
  if (const auto* stopping = std::get_if<Stopping>(&phase)) return {stopping->on};
  if (const auto* moving = std::get_if<Migrating>(&phase)) return {moving->from, moving->to};
  return {};
}

void phase_agrees_with_may_run_on(const VmId& id, const VmRecord& vm, Findings& found) {
  for (const auto node : claimed(vm.phase)) {
    if (!vm.may_run_on.contains(node)) {
      found.push_back(id.get() + " is said to be on node #" + std::to_string(node.get()) +
                      ", which is not among those that may run it");
    }
  }
  if (std::holds_alternative<Stopped>(vm.phase) && !vm.may_run_on.empty()) {
    found.push_back(id.get() + " is said to be stopped and may be running somewhere");
  }
  const bool one_node_only = std::holds_alternative<Starting>(vm.phase) ||
                             std::holds_alternative<Running>(vm.phase) ||
                             std::holds_alternative<Stopping>(vm.phase);
  if (one_node_only && vm.may_run_on.size() != 1) {
    found.push_back(id.get() + " is said to be on one node and may be running on " +
                    std::to_string(vm.may_run_on.size()));
  }
}

void proved_off_nodes_run_nothing(const State& state, Findings& found) {
  for (const auto& [id, node] : state.nodes) {
    const bool gone = std::holds_alternative<ProvedOff>(node.standing) ||
                      std::holds_alternative<Left>(node.standing);
    if (gone && !is_empty(state, id)) {
      found.push_back(node.name + " is proved off and a VM may be running there");
    }
  }
}

const VmRecord* find(const State& state, const VmId& id) {
  const auto found = state.vms.find(id);
  return found == state.vms.end() ? nullptr : &found->second;
}

/// A start is legal only while nobody may be running the guest.
void nothing_starts_twice(const State& before, const State& after, Findings& found) {
  for (const auto& [id, vm] : after.vms) {
    const auto* starting = std::get_if<Starting>(&vm.phase);
    const auto* old = find(before, id);
    if (starting == nullptr || old == nullptr || old->phase == vm.phase) continue;
    if (!old->may_run_on.empty()) {
      found.push_back(id.get() + " was started while it may be running elsewhere");
    }
  }
}

/// A node leaves the set only by evidence: its own inventory, or proof that it is off.
void only_evidence_rules_out(const State& before, const Event& event, const State& after,
                             Findings& found) {
  const auto* report = std::get_if<InventoryReported>(&event);
  for (const auto& [id, old] : before.vms) {
    const auto* vm = find(after, id);
    for (const auto& [node, since] : old.may_run_on) {
      if (vm != nullptr && vm->may_run_on.contains(node)) continue;
      const bool by_inventory = report != nullptr && report->node == node;
      const auto record = after.nodes.find(node);
      const bool by_proof =
          record != after.nodes.end() && std::holds_alternative<ProvedOff>(record->second.standing);
      if (!by_inventory && !by_proof) {
        found.push_back(id.get() + " was ruled out on node #" + std::to_string(node.get()) +
                        " without evidence");
      }
    }
  }
}

/// What we place never exceeds a node's capacity. A node that reported less than it carries, or
/// guests of its own, is overcommitted by the world, not by us: it only must not get more.
void no_placement_above_capacity(const State& before, const State& after, Findings& found) {
  for (const auto& [id, vm] : after.vms) {
    const auto* old = find(before, id);
    for (const auto& [node, since] : vm.may_run_on) {
      const bool placed = (std::holds_alternative<Starting>(vm.phase) ||
                           std::holds_alternative<Migrating>(vm.phase)) &&
                          old != nullptr && !old->may_run_on.contains(node);
      if (placed && free_memory_kib(before, node) < vm.spec.memory_kib) {
        found.push_back(id.get() + " was placed on node #" + std::to_string(node.get()) +
                        " above its capacity");
      }
    }
  }
}

/// Whether a guest on `node` breaks the rule, for those rules that can be told from one node.
bool breaks(const State& state, const Rule& rule, const VmId& vm, NodeId node) {
  const bool named = std::ranges::find(rule.nodes, node) != rule.nodes.end();
  if (rule.kind == RuleKind::on) return !named;
  if (rule.kind == RuleKind::off) return named;
  return rule.kind == RuleKind::apart && std::ranges::any_of(rule.vms, [&](const VmId& other) {
           const auto* record = find(state, other);
           return other != vm && record != nullptr && record->may_run_on.contains(node);
         });
}

/// What we place keeps the strict rules. Guests that were there when a rule came, or that somebody
/// else started, may break them.
void no_placement_against_rules(const State& before, const State& after, Findings& found) {
  for (const auto& [name, rule] : after.rules) {
    for (const auto& id : rule.vms) {
      const auto* vm = find(after, id);
      const auto* old = find(before, id);
      if (rule.strictness != Strictness::strict || vm == nullptr || old == nullptr ||
          (!std::holds_alternative<Starting>(vm->phase) &&
           !std::holds_alternative<Migrating>(vm->phase))) {
        continue;
      }
      for (const auto& [node, since] : vm->may_run_on) {
        if (!old->may_run_on.contains(node) && breaks(after, rule, id, node)) {
          found.push_back(id.get() + " was placed on node #" + std::to_string(node.get()) +
                          " against rule '" + name.get() + "'");
        }
      }
    }
  }
}

}  // namespace

std::vector<std::string> broken_invariants(const State& state) {
  Findings found;
  for (const auto& [id, vm] : state.vms) phase_agrees_with_may_run_on(id, vm, found);
  proved_off_nodes_run_nothing(state, found);
  return found;
}

std::vector<std::string> broken_invariants(const State& before, const Event& event,
                                           const State& after) {
  Findings found = broken_invariants(after);
  nothing_starts_twice(before, after, found);
  only_evidence_rules_out(before, event, after, found);
  no_placement_above_capacity(before, after, found);
  no_placement_against_rules(before, after, found);
  if (after.now < before.now) found.emplace_back("cluster time ran backwards");
  if (after.epoch < before.epoch) found.emplace_back("the epoch ran backwards");
  if (after.index.get() != before.index.get() + 1) found.emplace_back("an event was skipped");
  return found;
}

}  // namespace upbeat
