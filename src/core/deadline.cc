// SPDX-License-Identifier: Apache-2.0
// What a node that has to go down does with the guests that are still there when its time runs out.
#include "core/deadline.h"

#include <algorithm>

#include "core/placement.h"

namespace upbeat {
namespace {

const Drain* drain_of(const State& state, NodeId node) {
  const auto found = state.nodes.find(node);
  return found == state.nodes.end() || !found->second.drain ? nullptr : &*found->second.drain;
}

ClusterTime budget(const Deadline& deadline) { return deadline.at - deadline.set_at; }

}  // namespace

std::optional<ClusterTime> time_left(const State& state, NodeId node) {
  const auto* drain = drain_of(state, node);
  if (drain == nullptr || !drain->deadline) return std::nullopt;
  return std::max(drain->deadline->at - state.now, ClusterTime{0});
}

std::optional<ClusterTime> last_call_in(const State& state, NodeId node) {
  const auto left = time_left(state, node);
  if (!left) return std::nullopt;
  const auto whole = budget(*drain_of(state, node)->deadline);
  return std::max(*left - std::min(last_call_span, whole / 2), ClusterTime{0});
}

bool is_last_call(const State& state, NodeId node) {
  const auto* drain = drain_of(state, node);
  if (drain == nullptr) return false;
  if (drain->cause == DrainCause::shutdown && !somebody_stays(state)) return true;
  return last_call_in(state, node) == ClusterTime{0};
}

std::optional<ClusterTime> last_moment_in(const State& state, NodeId node) {
  const auto left = time_left(state, node);
  if (!left) return std::nullopt;
  const auto whole = budget(*drain_of(state, node)->deadline);
  return std::max(*left - std::min(last_moment_span, whole / 10), ClusterTime{0});
}

bool is_last_moment(const State& state, NodeId node) {
  return last_moment_in(state, node) == ClusterTime{0};
}

bool somebody_stays(const State& state) {
  return std::ranges::any_of(state.nodes, [&](const auto& entry) {
    const auto* here = online(state, entry.first);
    const auto& drain = entry.second.drain;
    return here != nullptr && !here->leaving && (!drain || is_last_resort(*drain));
  });
}

}  // namespace upbeat
