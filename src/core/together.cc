// SPDX-License-Identifier: Apache-2.0
// Guests that strict rules keep together: a group, which has one node for all of it.
#include "core/together.h"

#include <algorithm>

#include "core/rules.h"
#include "core/text.h"

namespace upbeat {
namespace {

using Group = std::set<VmId>;

bool binds(const Rule& rule) {
  return rule.kind == RuleKind::together && rule.strictness == Strictness::strict;
}

/// Everybody reached from `vm` by strict rules through guests for whom `counts` is true.
template <class Counts>
Group reached(const std::map<RuleId, Rule>& rules, const VmId& vm, const Counts& counts) {
  Group group{vm};
  for (bool grew = true; grew;) {
    grew = false;
    for (const auto& [name, rule] : rules) {
      if (!binds(rule) ||
          std::ranges::none_of(rule.vms, [&](const VmId& one) { return group.contains(one); })) {
        continue;
      }
      for (const auto& one : rule.vms) {
        if (counts(one) && group.insert(one).second) grew = true;
      }
    }
  }
  return group;
}

/// A guest that is stopped or given up binds nobody.
bool takes_part(const State& state, const VmId& vm) {
  const auto found = state.vms.find(vm);
  return found != state.vms.end() && found->second.wanted == Wanted::running &&
         !found->second.given_up;
}

Group group_of(const State& state, const VmId& vm) {
  return reached(state.rules, vm, [&](const VmId& one) { return takes_part(state, one); });
}

std::uint64_t memory_to_come_kib(const State& state, const Group& group, NodeId node) {
  std::uint64_t sum = 0;
  for (const auto& vm : group) {
    const auto& record = state.vms.at(vm);
    if (!record.may_run_on.contains(node)) sum += record.spec.memory_kib;
  }
  return sum;
}

std::uint32_t members_on(const State& state, const Group& group, NodeId node) {
  return static_cast<std::uint32_t>(std::ranges::count_if(
      group, [&](const VmId& vm) { return state.vms.at(vm).may_run_on.contains(node); }));
}

/// The nodes where all of the group may be.
std::vector<NodeId> whole_on(const State& state, const Group& group) {
  std::vector<NodeId> nodes;
  for (const auto& [node, record] : state.nodes) {
    if (!keeps_guests(state, node) ||
        memory_to_come_kib(state, group, node) > free_memory_kib(state, node)) {
      continue;
    }
    const bool all_may = std::ranges::all_of(
        group, [&](const VmId& vm) { return rule_against_alone(state, vm, node).empty(); });
    if (all_may) nodes.push_back(node);
  }
  return nodes;
}

/// The home that all of the group share and go back to, 0 if there is none.
NodeId shared_home(const State& state, const Group& group) {
  const auto home = home_to_return_to(state, state.vms.at(*group.begin()));
  const bool shared = std::ranges::all_of(
      group, [&](const VmId& vm) { return home_to_return_to(state, state.vms.at(vm)) == home; });
  return shared ? home : NodeId();
}

/// Of those nodes their common home, or the one where most of the group is; 0 if nobody is on any.
NodeId node_of(const State& state, const Group& group, const std::vector<NodeId>& whole) {
  const auto home = shared_home(state, group);
  if (home != NodeId() && std::ranges::binary_search(whole, home)) return home;
  NodeId best;
  std::uint32_t most = 0;
  for (const auto node : whole) {
    const auto there = members_on(state, group, node);
    if (there <= most) continue;
    best = node;
    most = there;
  }
  return best;
}

/// "rule 'db' keeps them together", by a rule that names both if there is one.
std::string bond(const State& state, const VmId& vm, const VmId& fellow) {
  for (const auto& [name, rule] : state.rules) {
    if (binds(rule) && std::ranges::binary_search(rule.vms, vm) &&
        std::ranges::binary_search(rule.vms, fellow)) {
      return "rule '" + name.get() + "' keeps them together";
    }
  }
  return "rules keep them together";
}

std::string no_room_for_all(const State& state, const VmId& vm, const Group& group, NodeId node) {
  for (const auto& fellow : group) {
    if (fellow == vm) continue;
    if (const auto why = rule_against_alone(state, fellow, node); !why.empty()) {
      return fellow.get() + " has to come along, " + bond(state, vm, fellow) + ", and " + why;
    }
  }
  const auto& fellow = *group.begin() == vm ? *std::next(group.begin()) : *group.begin();
  return name_of(state, node) + " has " + mib(free_memory_kib(state, node)) + " free, and " +
         fellow.get() + " has to come along, " + bond(state, vm, fellow) + ", which takes " +
         mib(memory_to_come_kib(state, group, node));
}

/// A guest on a node that it may run on.
struct Seat {
  VmId vm;
  NodeId node;
};

/// A fellow on `node`; on any node that keeps its guests if `node` is 0.
std::optional<Seat> fellow_on(const State& state, const VmId& vm, const Group& group, NodeId node) {
  for (const auto& fellow : group) {
    if (fellow == vm) continue;
    for (const auto& [place, since] : state.vms.at(fellow).may_run_on) {
      if (node == NodeId() ? keeps_guests(state, place) : place == node) return Seat{fellow, place};
    }
  }
  return std::nullopt;
}

std::string is_elsewhere(const State& state, const VmId& vm, const Seat& fellow) {
  return fellow.vm.get() + " runs on " + name_of(state, fellow.node) + ", and " +
         bond(state, vm, fellow.vm);
}

}  // namespace

std::set<VmId> bound_together(const std::map<RuleId, Rule>& rules, const VmId& vm) {
  return reached(rules, vm, [](const VmId& /*one*/) { return true; });
}

std::string together_against(const State& state, const VmId& vm, NodeId node) {
  if (state.rules.empty()) return {};
  const auto group = group_of(state, vm);
  if (group.size() < 2) return {};
  const auto whole = whole_on(state, group);
  const auto home = node_of(state, group, whole);
  if (home != NodeId()) {
    if (node == home) return {};
    if (const auto fellow = fellow_on(state, vm, group, home)) {
      return is_elsewhere(state, vm, *fellow);
    }
  }
  const bool all_may = std::ranges::binary_search(whole, node);
  const bool down = state.vms.at(vm).may_run_on.empty();
  const auto settled = fellow_on(state, vm, group, NodeId());
  if (settled && (home != NodeId() || down || whole.empty())) {
    // It joins the others where they are; all will move if they find no room together there.
    const bool joins = keeps_guests(state, node) && fellow_on(state, vm, group, node);
    return joins ? "" : is_elsewhere(state, vm, *settled);
  }
  if (!whole.empty()) return all_may ? "" : no_room_for_all(state, vm, group, node);
  // Nowhere is room for all: those who are down start as they fit, those who run stay as they are.
  for (const auto& [place, since] : state.vms.at(vm).may_run_on) {
    if (fellow_on(state, vm, group, place)) return no_room_for_all(state, vm, group, node);
  }
  return {};
}

bool is_stray(const State& state, const VmId& vm) {
  const auto& on = state.vms.at(vm).may_run_on;
  if (on.empty() || !takes_part(state, vm)) return false;
  const auto group = group_of(state, vm);
  return group.size() > 1 && !on.contains(node_of(state, group, whole_on(state, group)));
}

std::uint32_t strays(const State& state) {
  Group bound;
  for (const auto& [name, rule] : state.rules) {
    if (binds(rule)) bound.insert(rule.vms.begin(), rule.vms.end());
  }
  return static_cast<std::uint32_t>(std::ranges::count_if(
      bound, [&](const VmId& vm) { return state.vms.contains(vm) && is_stray(state, vm); }));
}

}  // namespace upbeat
