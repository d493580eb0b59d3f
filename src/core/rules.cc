// SPDX-License-Identifier: Apache-2.0
// What the rules say about places for guests.
#include "core/rules.h"

#include <algorithm>

#include "core/text.h"
#include "core/together.h"

namespace upbeat {
namespace {

template <class T>
bool has(const std::vector<T>& sorted, const T& one) {
  return std::ranges::binary_search(sorted, one);
}

bool may_be_on(const State& state, const VmId& vm, NodeId node) {
  const auto found = state.vms.find(vm);
  return found != state.vms.end() && found->second.may_run_on.contains(node);
}

/// The guests of the rule that may run on `node`, without `except`.
std::vector<VmId> guests_there(const State& state, const Rule& rule, NodeId node,
                               const VmId& except) {
  std::vector<VmId> there;
  for (const auto& vm : rule.vms) {
    if (vm != except && may_be_on(state, vm, node)) there.push_back(vm);
  }
  return there;
}

/// Why `rule`, as if it were strict, keeps `vm` off `node`. Not for RuleKind::together.
std::string against(const State& state, const Rule& rule, const VmId& vm, NodeId node) {
  const auto title = "rule '" + rule.name.get() + "'";
  if (rule.kind == RuleKind::on && !has(rule.nodes, node)) {
    return name_of(state, node) + " is not among the nodes of " + title;
  }
  if (rule.kind == RuleKind::off && has(rule.nodes, node)) {
    return title + " keeps " + vm.get() + " off " + name_of(state, node);
  }
  if (rule.kind == RuleKind::apart) {
    const auto there = guests_there(state, rule, node, vm);
    if (!there.empty()) {
      return name_of(state, node) + " runs " + there.front().get() + ", and " + title +
             " keeps them apart";
    }
  }
  return {};
}

/// Guests of the rule that are there to stay elsewhere; 0 if one of them is on `node`.
std::uint32_t fellows_elsewhere(const State& state, const Rule& rule, const VmId& vm, NodeId node) {
  std::uint32_t elsewhere = 0;
  for (const auto& fellow : rule.vms) {
    if (fellow == vm) continue;
    if (may_be_on(state, fellow, node)) return 0;
    const auto found = state.vms.find(fellow);
    if (found == state.vms.end()) continue;
    const bool stays = std::ranges::any_of(found->second.may_run_on, [&](const auto& entry) {
      return keeps_guests(state, entry.first);
    });
    if (stays) ++elsewhere;
  }
  return elsewhere;
}

std::uint32_t misplaced(const State& state, const Rule& rule) {
  std::uint32_t sum = 0;
  for (const auto& vm : rule.vms) {
    const auto found = state.vms.find(vm);
    if (found == state.vms.end()) continue;
    for (const auto& [node, since] : found->second.may_run_on) {
      if (has(rule.nodes, node) != (rule.kind == RuleKind::on)) ++sum;
    }
  }
  return sum;
}

std::uint32_t too_close(const State& state, const Rule& rule) {
  std::uint32_t sum = 0;
  for (const auto& [node, record] : state.nodes) {
    const auto there = static_cast<std::uint32_t>(guests_there(state, rule, node, VmId()).size());
    if (there > 1) sum += there - 1;
  }
  return sum;
}

std::string breach_of_together(const State& state, const Rule& rule) {
  const VmId* first = nullptr;
  for (const auto& vm : rule.vms) {
    const auto found = state.vms.find(vm);
    if (found == state.vms.end() || found->second.may_run_on.empty()) continue;
    if (first == nullptr) {
      first = &vm;
      continue;
    }
    const auto& one = state.vms.at(*first).may_run_on;
    const auto& other = found->second.may_run_on;
    const bool met =
        std::ranges::any_of(one, [&](const auto& entry) { return other.contains(entry.first); });
    if (!met) {
      return first->get() + " is on " + name_of(state, one.begin()->first) + " and " + vm.get() +
             " on " + name_of(state, other.begin()->first);
    }
  }
  return {};
}

}  // namespace

std::string rule_against_alone(const State& state, const VmId& vm, NodeId node) {
  for (const auto& [name, rule] : state.rules) {
    if (rule.strictness != Strictness::strict || !has(rule.vms, vm)) continue;
    if (auto why = against(state, rule, vm, node); !why.empty()) return why;
  }
  return {};
}

std::string rule_against(const State& state, const VmId& vm, NodeId node) {
  auto why = rule_against_alone(state, vm, node);
  return why.empty() ? together_against(state, vm, node) : why;
}

std::uint32_t best_effort_breaches(const State& state, const VmId& vm, NodeId node) {
  std::uint32_t sum = 0;
  for (const auto& [name, rule] : state.rules) {
    if (rule.strictness != Strictness::best_effort || !has(rule.vms, vm)) continue;
    if (rule.kind == RuleKind::apart) {
      sum += static_cast<std::uint32_t>(guests_there(state, rule, node, vm).size());
    } else if (rule.kind == RuleKind::together) {
      sum += fellows_elsewhere(state, rule, vm, node);
    } else if (!against(state, rule, vm, node).empty()) {
      ++sum;
    }
  }
  return sum;
}

std::uint32_t strict_breaches(const State& state) {
  std::uint32_t sum = strays(state);
  for (const auto& [name, rule] : state.rules) {
    if (rule.strictness != Strictness::strict) continue;
    if (rule.kind == RuleKind::apart) {
      sum += too_close(state, rule);
    } else if (rule.kind != RuleKind::together) {
      sum += misplaced(state, rule);
    }
  }
  return sum;
}

std::string breach_of(const State& state, const Rule& rule) {
  if (rule.kind == RuleKind::together) return breach_of_together(state, rule);
  for (const auto& vm : rule.vms) {
    const auto found = state.vms.find(vm);
    if (found == state.vms.end()) continue;
    for (const auto& [node, since] : found->second.may_run_on) {
      if (against(state, rule, vm, node).empty()) continue;
      if (rule.kind != RuleKind::apart) return vm.get() + " may be on " + name_of(state, node);
      return vm.get() + " and " + guests_there(state, rule, node, vm).front().get() +
             " may both be on " + name_of(state, node);
    }
  }
  return {};
}

std::string rule_text(const State& state, const Rule& rule) {
  std::string vms;
  for (const auto& vm : rule.vms) vms += (vms.empty() ? "" : ", ") + vm.get();
  std::string nodes;
  for (const auto node : rule.nodes) nodes += (nodes.empty() ? "" : ", ") + name_of(state, node);
  std::string text = "keeps " + vms;
  switch (rule.kind) {
    case RuleKind::together:
      text += " together";
      break;
    case RuleKind::apart:
      text += " apart";
      break;
    case RuleKind::on:
      text += " on " + nodes;
      break;
    case RuleKind::off:
      text += " off " + nodes;
      break;
  }
  return text + (rule.strictness == Strictness::best_effort ? " where that can be" : "");
}

const Rule* rule_to_move_for(const State& state, const VmId& vm) {
  const auto& here = state.vms.at(vm).may_run_on;
  for (const auto& [name, rule] : state.rules) {
    if (rule.strictness != Strictness::strict || !has(rule.vms, vm)) continue;
    const bool misplaced_here = std::ranges::any_of(
        here, [&](const auto& entry) { return !against(state, rule, vm, entry.first).empty(); });
    const bool stray = rule.kind == RuleKind::together && is_stray(state, vm);
    if (misplaced_here || stray) return &rule;
  }
  return nullptr;
}

}  // namespace upbeat
