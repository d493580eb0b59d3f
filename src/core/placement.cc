// SPDX-License-Identifier: Apache-2.0
// Where a guest goes: by free memory, never above capacity.
#include "core/placement.h"

#include <algorithm>

#include "core/text.h"

namespace upbeat {
namespace {

/// Why `node` takes no new guest at all; empty if it does.
std::string closed_because(const State& state, NodeId node) {
  const auto found = state.nodes.find(node);
  if (found == state.nodes.end()) return "is not a node of this cluster";
  const auto* here = online(state, node);
  if (here == nullptr) return "is not online";
  if (here->incarnation == 0) return "runs no upbeatd";
  if (!here->reported) return "has not reported its guests yet";
  if (here->leaving) return "is going down";
  if (found->second.drain) return "is draining";
  return {};
}

}  // namespace

std::expected<void, std::string> fits(const State& state, const VmId& vm, NodeId node) {
  const auto name = name_of(state, node);
  if (auto why = closed_because(state, node); !why.empty()) {
    return std::unexpected(name + " " + why);
  }
  const auto found = state.vms.find(vm);
  if (found == state.vms.end()) return std::unexpected("there is no VM " + vm.get());
  if (found->second.may_run_on.contains(node)) {
    return std::unexpected(vm.get() + " may be running on " + name + " already");
  }
  const auto room = free_memory_kib(state, node);
  if (room < found->second.spec.memory_kib) {
    return std::unexpected(name + " has " + mib(room) + " free");
  }
  return {};
}

std::expected<Place, std::string> place(const State& state, const VmId& vm) {
  const auto found = state.vms.find(vm);
  if (found == state.vms.end()) return std::unexpected("there is no VM " + vm.get());
  const auto& avoid = found->second.avoid;
  NodeId best;
  bool best_avoided = false;
  std::uint64_t best_room = 0;
  std::string refusals;
  for (const auto& [id, node] : state.nodes) {
    if (found->second.may_run_on.contains(id)) continue;
    if (const auto fit = fits(state, vm, id); !fit) {
      refusals += (refusals.empty() ? "" : ", ") + fit.error();
      continue;
    }
    const bool avoided = std::ranges::binary_search(avoid, id);
    const auto room = free_memory_kib(state, id);
    if (best == NodeId() || (best_avoided && !avoided) ||
        (best_avoided == avoided && room > best_room)) {
      best = id;
      best_avoided = avoided;
      best_room = room;
    }
  }
  if (best == NodeId()) {
    return std::unexpected(vm.get() + " needs " + mib(found->second.spec.memory_kib) + ": " +
                           (refusals.empty() ? "there is no other node" : refusals));
  }
  return Place{best, name_of(state, best) + " has most memory free (" + mib(best_room) + ")"};
}

}  // namespace upbeat
