// SPDX-License-Identifier: Apache-2.0
// Where a guest goes: by rules and free memory, never above capacity.
#include "core/placement.h"

#include <algorithm>
#include <tuple>

#include "core/rules.h"
#include "core/text.h"

namespace upbeat {
namespace {

/// Nodes of which it is said why a guest does not fit there; of more only how many they are.
constexpr std::size_t refusals_limit = 8;

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

/// Whether `why_closed` has something to say of the node.
bool is_closed(const NodeRecord& node) {
  const auto* here = std::get_if<Online>(&node.standing);
  return here == nullptr || here->incarnation == 0 || !here->reported || here->leaving ||
         node.drain.has_value() || node.quarantine.has_value();
}

/// What is missing, node by node.
std::string why_nowhere(const State& state, const VmId& vm, const VmRecord& record) {
  std::string text;
  std::size_t told = 0;
  std::size_t others = 0;
  for (const auto& [id, node] : state.nodes) {
    if (record.may_run_on.contains(id)) continue;
    if (told == refusals_limit) {
      ++others;
      continue;
    }
    ++told;
    text += (text.empty() ? "" : "; ") + fits(state, vm, id).error();
  }
  if (others > 0) text += "; nor is there room on " + std::to_string(others) + " more";
  return text.empty() ? "there is no other node" : text;
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
  for (const auto& [id, node] : state.nodes) {
    if (record.may_run_on.contains(id) || is_closed(node)) continue;
    if (!state.rules.empty() && !rule_against(state, vm, id).empty()) {
      rules_speak = true;
      continue;
    }
    if (free_memory_kib(state, id) < record.spec.memory_kib) continue;
    const Candidate candidate{id, std::ranges::binary_search(record.avoid, id),
                              best_effort_breaches(state, vm, id), free_memory_kib(state, id)};
    if (best && best->breaches != candidate.breaches) rules_speak = true;
    if (!best || better(candidate, *best)) best = candidate;
  }
  if (!best) {
    return std::unexpected(vm.get() + " needs " + mib(record.spec.memory_kib) + ": " +
                           why_nowhere(state, vm, record));
  }
  return Place{best->node, why_best(state, *best, rules_speak)};
}

}  // namespace upbeat
