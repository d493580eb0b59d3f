// SPDX-License-Identifier: Apache-2.0
// Rules come, change and go.
#include <algorithm>

#include "core/apply_parts.h"
#include "core/rules.h"

namespace upbeat {
namespace {

/// The subject of its lines in the history.
std::string subject(const RuleId& name) { return "rule " + name.get(); }

template <class T>
void sort_once(std::vector<T>& list) {
  std::ranges::sort(list);
  const auto [first, last] = std::ranges::unique(list);
  list.erase(first, last);
}

/// Whether there are guests enough for the rule to mean something.
bool means_something(const Rule& rule) {
  return rule.vms.size() >= (is_pairwise(rule.kind) ? 2U : 1U);
}

}  // namespace

void apply_event(State& state, const RuleDefined& event) {
  Rule rule = event.rule;
  sort_once(rule.vms);
  sort_once(rule.nodes);
  const auto text = rule_text(state, rule);
  const bool is_new = state.rules.insert_or_assign(rule.name, std::move(rule)).second;
  tell(state, subject(event.rule.name), (is_new ? "was defined: it " : "was changed: it ") + text);
}

void apply_event(State& state, const RuleRemoved& event) {
  state.rules.erase(event.name);
  tell(state, subject(event.name), "was removed");
}

void forget_vm(State& state, VmId vm) {
  state.vms.erase(vm);
  tell(state, vm, "was removed");
  for (auto at = state.rules.begin(); at != state.rules.end();) {
    auto& [name, rule] = *at;
    if (std::erase(rule.vms, vm) == 0 || means_something(rule)) {
      ++at;
      continue;
    }
    tell(state, subject(name), "was removed: it means nothing without " + vm.get());
    at = state.rules.erase(at);
  }
}

}  // namespace upbeat
