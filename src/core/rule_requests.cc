// SPDX-License-Identifier: Apache-2.0
// Whether a rule that an operator asks for can be granted.
#include "core/rule_requests.h"

#include <algorithm>

#include "core/together.h"

namespace upbeat {
namespace {

bool is_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '-' || letter == '_' || letter == '.';
}

/// What is wrong with the rule's own words; empty if nothing is.
std::string why_malformed(const Rule& rule) {
  const auto& name = rule.name.get();
  if (name.empty() || name.size() > rule_name_limit_bytes ||
      !std::ranges::all_of(name, is_letter)) {
    return "a rule's name has 1 to " + std::to_string(rule_name_limit_bytes) +
           " letters, digits, '-', '_' and '.'; choose such a name";
  }
  const std::set<VmId> vms(rule.vms.begin(), rule.vms.end());
  if (is_pairwise(rule.kind) && vms.size() < 2)
    return "it names less than two VMs; name two or more";
  if (vms.empty()) return "it names no VM; name one or more";
  if (is_pairwise(rule.kind) && !rule.nodes.empty()) {
    return "a rule that keeps VMs together or apart takes no nodes; leave them out";
  }
  if (!is_pairwise(rule.kind) && rule.nodes.empty()) return "it names no node; name one or more";
  if (vms.size() > rule_vms_limit) {
    return "it names more than " + std::to_string(rule_vms_limit) +
           " VMs; make several rules of it";
  }
  if (rule.nodes.size() > rule_nodes_limit) {
    return "it names more than " + std::to_string(rule_nodes_limit) + " nodes; name fewer";
  }
  return {};
}

std::string why_unknown(const State& state, const Rule& rule) {
  for (const auto& vm : rule.vms) {
    if (!state.vms.contains(vm)) {
      return "there is no VM " + vm.get() + "; `upbeat vm list` shows those there are";
    }
  }
  for (const auto node : rule.nodes) {
    if (!state.nodes.contains(node)) {
      return "this cluster has no node #" + std::to_string(node.get()) +
             "; `upbeat node list` shows its nodes";
    }
  }
  return {};
}

bool names(const Rule& rule, const VmId& vm) {
  return std::ranges::find(rule.vms, vm) != rule.vms.end();
}

bool allows(const Rule& rule, NodeId node) {
  const bool named = std::ranges::find(rule.nodes, node) != rule.nodes.end();
  return named == (rule.kind == RuleKind::on);
}

/// A strict rule that keeps two of `group` apart, or nullptr.
const Rule* parting(const std::map<RuleId, Rule>& rules, const std::set<VmId>& group) {
  for (const auto& [name, rule] : rules) {
    if (rule.kind != RuleKind::apart || rule.strictness != Strictness::strict) continue;
    const auto members =
        std::ranges::count_if(group, [&](const VmId& vm) { return names(rule, vm); });
    if (members > 1) return &rule;
  }
  return nullptr;
}

/// Whether strict rules leave a node on which all of `group` may be.
bool has_a_node(const State& state, const std::map<RuleId, Rule>& rules,
                const std::set<VmId>& group) {
  return std::ranges::any_of(state.nodes, [&](const auto& node) {
    return std::ranges::all_of(rules, [&](const auto& entry) {
      const Rule& rule = entry.second;
      if (is_pairwise(rule.kind) || rule.strictness != Strictness::strict) return true;
      const bool concerns =
          std::ranges::any_of(group, [&](const VmId& vm) { return names(rule, vm); });
      return !concerns || allows(rule, node.first);
    });
  });
}

std::string why_contradictory(const State& state, const Rule& rule) {
  if (rule.strictness != Strictness::strict) return {};
  auto rules = state.rules;
  rules.insert_or_assign(rule.name, rule);
  for (const auto& vm : rule.vms) {
    const auto group = bound_together(rules, vm);
    if (const auto* apart = parting(rules, group)) {
      const bool itself = apart->name == rule.name;
      return "strict rules would keep the same VMs together and apart (" +
             (itself ? std::string("others keep them together")
                     : "rule '" + apart->name.get() + "' keeps them apart") +
             "); remove the other rule, or make one of them --best-effort";
    }
    if (!has_a_node(state, rules, group)) {
      return "with the other strict rules it would leave " + vm.get() +
             " no node to run on; name other nodes, or make it --best-effort";
    }
  }
  return {};
}

}  // namespace

Result<void> check_rule(const State& state, const Rule& rule) {
  const std::string attempt = "cannot define rule '" + rule.name.get() + "': ";
  if (const auto why = why_malformed(rule); !why.empty()) return fail(attempt + why);
  if (const auto why = why_unknown(state, rule); !why.empty()) return fail(attempt + why);
  if (const auto why = why_contradictory(state, rule); !why.empty()) return fail(attempt + why);
  if (!state.rules.contains(rule.name) && state.rules.size() >= rule_limit) {
    return fail(attempt + "the cluster has " + std::to_string(rule_limit) +
                " rules, which is the limit; remove one first");
  }
  return {};
}

}  // namespace upbeat
