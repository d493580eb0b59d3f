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
  if (const auto* moving = std::get_if<Migrating>(&phase)) {
    return moving->called_off ? std::vector{moving->from} : std::vector{moving->from, moving->to};
  }
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

bool is_gone(const NodeRecord& node) {
  return std::holds_alternative<ProvedOff>(node.standing) ||
         std::holds_alternative<Left>(node.standing);
}

bool is_gone(const State& state, NodeId node) {
  const auto found = state.nodes.find(node);
  return found != state.nodes.end() && is_gone(found->second);
}

void runs_on_no_gone_node(const State& state, const VmId& id, const VmRecord& vm, Findings& found) {
  for (const auto& [node, since] : vm.may_run_on) {
    if (is_gone(state, node)) {
      found.push_back(name_of(state, node) + " is proved off and " + id.get() +
                      " may be running there");
    }
  }
}

const VmRecord* find(const State& state, const VmId& id) {
  const auto found = state.vms.find(id);
  return found == state.vms.end() ? nullptr : &found->second;
}

/// One guest's part of a step: null where there is no such guest.
struct Change {
  const VmId& id;
  const VmRecord* before;
  const VmRecord* after;
};

/// A start is legal only while nobody may be running the guest.
void nothing_starts_twice(const Change& change, Findings& found) {
  const auto& [id, old, vm] = change;
  if (old == nullptr || vm == nullptr || old->phase == vm->phase) return;
  if (std::holds_alternative<Starting>(vm->phase) && !old->may_run_on.empty()) {
    found.push_back(id.get() + " was started while it may be running elsewhere");
  }
}

/// A node leaves the set only by evidence: its own inventory, or proof that it is off.
void only_evidence_rules_out(const Change& change, const Event& event, const State& after,
                             Findings& found) {
  const auto& [id, old, vm] = change;
  if (old == nullptr) return;
  const auto* report = std::get_if<InventoryReported>(&event);
  for (const auto& [node, since] : old->may_run_on) {
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

/// Whether it was decided where the guest is, or goes to. Where a migration that was called off may
/// end up all the same is no decision.
bool is_placement(const Phase& phase) {
  if (const auto* migrating = std::get_if<Migrating>(&phase)) return !migrating->called_off;
  return std::holds_alternative<Starting>(phase);
}

/// The nodes that the guest was placed on.
std::vector<NodeId> placed_on(const Change& change) {
  std::vector<NodeId> nodes;
  if (change.before == nullptr || change.after == nullptr || !is_placement(change.after->phase)) {
    return nodes;
  }
  for (const auto& [node, since] : change.after->may_run_on) {
    if (!change.before->may_run_on.contains(node)) nodes.push_back(node);
  }
  return nodes;
}

/// Without a majority nothing begins before every other node is gone for sure.
void nothing_begins_beside_a_rival(const State& before, const Change& change, Findings& found) {
  if (placed_on(change).empty()) return;
  const auto here = std::ranges::count_if(before.nodes, [](const auto& entry) {
    return std::holds_alternative<Online>(entry.second.standing);
  });
  if (static_cast<std::size_t>(here) * 2 > before.nodes.size()) return;
  for (const auto& [id, node] : before.nodes) {
    if (std::holds_alternative<Online>(node.standing) || is_gone(node)) continue;
    found.push_back(change.id.get() + " was placed without a majority while " + node.name +
                    " may go on");
  }
}

/// What we place never exceeds a node's capacity. A node that reported less than it carries, or
/// guests of its own, is overcommitted by the world, not by us: it only must not get more.
void no_placement_above_capacity(const State& before, const Change& change, Findings& found) {
  for (const auto node : placed_on(change)) {
    if (free_memory_kib(before, node) < change.after->spec.memory_kib) {
      found.push_back(change.id.get() + " was placed on node #" + std::to_string(node.get()) +
                      " above its capacity");
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
void no_placement_against_rules(const State& after, const Change& change, Findings& found) {
  for (const auto node : placed_on(change)) {
    for (const auto& [name, rule] : after.rules) {
      if (rule.strictness == Strictness::strict &&
          std::ranges::find(rule.vms, change.id) != rule.vms.end() &&
          breaks(after, rule, change.id, node)) {
        found.push_back(change.id.get() + " was placed on node #" + std::to_string(node.get()) +
                        " against rule '" + name.get() + "'");
      }
    }
  }
}

/// A node that has just been proved off, or left, may run nothing.
void nothing_runs_where_nobody_is(const State& before, const State& after, Findings& found) {
  bool somebody_went = false;
  const auto look = [&](NodeId id, const NodeRecord* /*old*/, const NodeRecord* node) {
    const auto known = before.nodes.find(id);
    const bool was_gone = known != before.nodes.end() && is_gone(known->second);
    somebody_went = somebody_went || (node != nullptr && is_gone(*node) && !was_gone);
  };
  Table<NodeId, NodeRecord>::differences(before.nodes, after.nodes, look);
  if (!somebody_went) return;
  for (const auto& [id, vm] : after.vms) runs_on_no_gone_node(after, id, vm, found);
}

}  // namespace

std::vector<std::string> broken_invariants(const State& state) {
  Findings found;
  for (const auto& [id, vm] : state.vms) {
    phase_agrees_with_may_run_on(id, vm, found);
    runs_on_no_gone_node(state, id, vm, found);
  }
  return found;
}

std::vector<std::string> broken_invariants(const State& before, const Event& event,
                                           const State& after) {
  Findings found;
  const auto look = [&](const VmId& id, const VmRecord* old, const VmRecord* vm) {
    const Change change{id, old, vm};
    if (vm != nullptr) {
      phase_agrees_with_may_run_on(id, *vm, found);
      runs_on_no_gone_node(after, id, *vm, found);
    }
    nothing_starts_twice(change, found);
    only_evidence_rules_out(change, event, after, found);
    no_placement_above_capacity(before, change, found);
    nothing_begins_beside_a_rival(before, change, found);
    no_placement_against_rules(after, change, found);
  };
  Guests::Records::differences(before.vms.records(), after.vms.records(), look);
  nothing_runs_where_nobody_is(before, after, found);
  if (after.now < before.now) found.emplace_back("cluster time ran backwards");
  if (after.epoch < before.epoch) found.emplace_back("the epoch ran backwards");
  if (after.index.get() != before.index.get() + 1) found.emplace_back("an event was skipped");
  return found;
}

}  // namespace upbeat
