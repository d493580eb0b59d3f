// SPDX-License-Identifier: Apache-2.0
// Where a guest goes: by rules and free memory, never above capacity.
#include "core/placement.h"

#include <algorithm>
#include <tuple>

#include "core/rules.h"
#include "core/text.h"

namespace upbeat {
namespace {

/// A node on which the guest would fit.
struct Candidate {
  NodeId node;
  bool avoided = false;
  std::uint32_t breaches = 0;  ///< of best-effort rules
  std::uint64_t room_kib = 0;
};

bool better(const Candidate& left, const Candidate& right) {
  return std::tuple(left.avoided, left.breaches, right.room_kib, left.node) <
         std::tuple(right.avoided, right.breaches, left.room_kib, right.node);
}

std::string why_best(const State& state, const Candidate& best, bool rules_speak) {
  return (rules_speak ? "of the nodes that suit its rules best " : "") + name_of(state, best.node) +
         " has most memory free (" + mib(best.room_kib) + ")";
}

}  // namespace

std::expected<void, std::string> fits(const State& state, const VmId& vm, NodeId node) {
  const auto name = name_of(state, node);
  if (auto why = why_closed(state, node); !why.empty()) {
    return std::unexpected(name + " " + why);
  }
  const auto found = state.vms.find(vm);
  if (found == state.vms.end()) return std::unexpected("there is no VM " + vm.get());
  if (found->second.may_run_on.contains(node)) {
    return std::unexpected(vm.get() + " may be running on " + name + " already");
  }
  if (auto why = rule_against(state, vm, node); !why.empty()) return std::unexpected(why);
  const auto room = free_memory_kib(state, node);
  if (room < found->second.spec.memory_kib) {
    return std::unexpected(name + " has " + mib(room) + " free");
  }
  return {};
}

std::expected<Place, std::string> place(const State& state, const VmId& vm) {
  const auto found = state.vms.find(vm);
  if (found == state.vms.end()) return std::unexpected("there is no VM " + vm.get());
  const auto& record = found->second;
  std::optional<Candidate> best;
  bool rules_speak = false;  // whether rules had a say in the choice
  std::string refusals;
  for (const auto& [id, node] : state.nodes) {
    if (record.may_run_on.contains(id)) continue;
    if (const auto fit = fits(state, vm, id); !fit) {
      refusals += (refusals.empty() ? "" : "; ") + fit.error();
      rules_speak =
          rules_speak || (why_closed(state, id).empty() && !rule_against(state, vm, id).empty());
      continue;
    }
    const Candidate candidate{id, std::ranges::binary_search(record.avoid, id),
                              best_effort_breaches(state, vm, id), free_memory_kib(state, id)};
    if (best && best->breaches != candidate.breaches) rules_speak = true;
    if (!best || better(candidate, *best)) best = candidate;
  }
  if (!best) {
    return std::unexpected(vm.get() + " needs " + mib(record.spec.memory_kib) + ": " +
                           (refusals.empty() ? "there is no other node" : refusals));
  }
  return Place{best->node, why_best(state, *best, rules_speak)};
}

}  // namespace upbeat
