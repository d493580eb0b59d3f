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

/// Which nodes are asked.
enum class Ask : std::uint8_t {
  open,     ///< of which `why_closed` has nothing to say
  failing,  ///< those that would be, were they not about to fail
};

bool is_asked(const NodeRecord& node, Ask ask) {
  const auto* here = std::get_if<Online>(&node.standing);
  if (here == nullptr || here->incarnation == 0 || !here->reported || here->leaving ||
      node.quarantine) {
    return false;
  }
  if (ask == Ask::open) return !node.drain;
  return node.drain && is_last_resort(*node.drain);
}

/// Whether the guest is down, or its host goes down: then a host that is about to fail is better
/// than none.
bool is_in_need(const State& state, const VmRecord& vm) {
  return std::ranges::all_of(vm.may_run_on, [&](const auto& entry) {
    const auto node = state.nodes.find(entry.first);
    return node != state.nodes.end() && node->second.drain &&
           (node->second.drain->cause == DrainCause::shutdown || node->second.drain->deadline);
  });
}

/// The best of the nodes that are asked.
std::optional<Place> best_of(const State& state, const VmId& vm, const VmRecord& record, Ask ask) {
  std::optional<Candidate> best;
  bool rules_speak = false;  // whether rules had a say in the choice
  for (const auto& [id, node] : state.nodes) {
    if (record.may_run_on.contains(id) || !is_asked(node, ask)) continue;
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
  if (!best) return std::nullopt;
  return Place{best->node, why_best(state, *best, rules_speak)};
}

/// Whether the guest may go to a node that is about to fail, because it has to go and no other
/// takes it.
bool is_last_resort_for(const State& state, const VmId& vm, NodeId node) {
  const auto found = state.nodes.find(node);
  const auto record = state.vms.find(vm);
  return found != state.nodes.end() && record != state.vms.end() &&
         is_asked(found->second, Ask::failing) && is_in_need(state, record->second) &&
         !best_of(state, vm, record->second, Ask::open);
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

bool is_last_resort(const Drain& drain) {
  return drain.cause == DrainCause::failing && !drain.deadline;
}

std::expected<void, std::string> fits(const State& state, const VmId& vm, NodeId node) {
  const auto name = name_of(state, node);
  if (auto why = why_closed(state, node); !why.empty() && !is_last_resort_for(state, vm, node)) {
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
  if (auto best = best_of(state, vm, record, Ask::open)) return std::move(*best);
  if (is_in_need(state, record)) {
    if (auto best = best_of(state, vm, record, Ask::failing)) {
      best->why = "no node can take it but such as are about to fail: of these, " + best->why;
      return std::move(*best);
    }
  }
  return std::unexpected(vm.get() + " needs " + mib(record.spec.memory_kib) + ": " +
                         why_nowhere(state, vm, record));
}

}  // namespace upbeat
