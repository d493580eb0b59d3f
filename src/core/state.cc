// SPDX-License-Identifier: Apache-2.0
// What can be read off the state by everybody.
#include "core/state.h"

#include <algorithm>
#include <tuple>

namespace upbeat {

NodeId coordinator(const State& state) {
  NodeId best;
  Epoch since;
  for (const auto& [id, node] : state.nodes) {
    const auto* here = std::get_if<Online>(&node.standing);
    if (here == nullptr || here->incarnation == 0) continue;
    if (best == NodeId() || here->member_since < since) {
      best = id;
      since = here->member_since;
    }
  }
  return best;
}

const Online* online(const State& state, NodeId node) {
  const auto found = state.nodes.find(node);
  return found == state.nodes.end() ? nullptr : std::get_if<Online>(&found->second.standing);
}

bool keeps_guests(const State& state, NodeId node) {
  const auto* here = online(state, node);
  if (here == nullptr || here->leaving) return false;
  const auto& record = state.nodes.at(node);
  return !record.drain && !record.quarantine;
}

std::string why_closed(const State& state, NodeId node) {
  const auto found = state.nodes.find(node);
  if (found == state.nodes.end()) return "is not a node of this cluster";
  const auto* here = online(state, node);
  if (here == nullptr) return "is not online";
  if (here->incarnation == 0) return "runs no upbeatd";
  if (!here->reported) return "has not reported its guests yet";
  if (here->leaving) return "is going down";
  if (const auto& drain = found->second.drain) {
    return drain->cause == DrainCause::maintenance ? "is in maintenance" : "is draining";
  }
  if (const auto& quarantine = found->second.quarantine) {
    return "is quarantined (" + quarantine->why + "; `upbeat undrain " + name_of(state, node) +
           "` ends that)";
  }
  return {};
}

std::string name_of(const State& state, NodeId node) {
  const auto found = state.nodes.find(node);
  if (found == state.nodes.end() || found->second.name.empty()) {
    return "node #" + std::to_string(node.get());
  }
  return found->second.name;
}

bool is_of_its_host(DrainCause cause) {
  return cause == DrainCause::shutdown || cause == DrainCause::battery ||
         cause == DrainCause::failing;
}

bool has_deadline_of_shutdown(const Drain& drain) {
  return drain.deadline && is_of_its_host(drain.deadline->by);
}

bool is_told_to_go(const State& state, NodeId node) {
  const auto* here = online(state, node);
  if (here == nullptr) return false;
  const auto& drain = state.nodes.at(node).drain;
  return here->leaving ||
         (drain && (is_of_its_host(drain->cause) || has_deadline_of_shutdown(*drain)));
}

NodeId node_named(const State& state, const std::string& name) {
  const auto found = std::ranges::find_if(
      state.nodes, [&](const auto& entry) { return entry.second.name == name; });
  return found == state.nodes.end() ? NodeId() : found->first;
}

bool stops_its_guests(const State& state, NodeId node) {
  const auto found = state.nodes.find(node);
  return found != state.nodes.end() && found->second.drain &&
         found->second.drain->cause == DrainCause::shutdown &&
         state.policy.on_shutdown != OnShutdown::migrate;
}

NodeId home_to_return_to(const State& state, const VmRecord& vm) {
  const bool returns = vm.failback.value_or(state.policy.failback) == Failback::go_home;
  return returns && vm.move_failures < failback_tries_limit ? vm.home : NodeId();
}

std::uint64_t free_memory_kib(const State& state, NodeId node) {
  const auto found = state.nodes.find(node);
  if (found == state.nodes.end()) return 0;
  std::uint64_t used = state.vms.memory_on_kib(node);
  for (const auto& guest : found->second.foreign) used += guest.memory_kib;
  const auto capacity = found->second.capacity.memory_kib;
  return capacity > used ? capacity - used : 0;
}

bool stays_up(const State& state, const VmRecord& vm) {
  const auto* stopping = std::get_if<Stopping>(&vm.phase);
  if (stopping == nullptr || stopping->force != StopForce::ask || vm.wanted != Wanted::running ||
      state.now - stopping->asked_at < stop_patience) {
    return false;
  }
  const auto node = state.nodes.find(stopping->on);
  return node == state.nodes.end() || !node->second.drain ||
         (node->second.drain->cause != DrainCause::shutdown && !node->second.drain->deadline);
}

bool has_majority(const State& state) {
  const auto here = std::ranges::count_if(state.nodes, [](const auto& entry) {
    return std::holds_alternative<Online>(entry.second.standing);
  });
  return static_cast<std::size_t>(here) * 2 > state.nodes.size();
}

namespace {

bool is_gone(const NodeRecord& node) {
  return std::holds_alternative<ProvedOff>(node.standing) ||
         std::holds_alternative<Left>(node.standing);
}

}  // namespace

std::string why_nothing_begins(const State& state) {
  if (has_majority(state)) return {};
  for (const auto& [id, node] : state.nodes) {
    if (std::holds_alternative<Online>(node.standing) || is_gone(node)) continue;
    return name_of(state, id) + " is lost and not proved off, and may be the one that goes on";
  }
  return {};
}

bool goes_on_alone(const State& state) {
  return !has_majority(state) && coordinator(state) != NodeId() &&
         why_nothing_begins(state).empty();
}

ClusterTime first_shot_of_others(const State& state) {
  if (has_majority(state)) return ClusterTime{0};
  std::size_t here = 0;
  std::size_t there = 0;
  for (const auto& [vm, record] : state.vms) {
    for (const auto& [node, since] : record.may_run_on) {
      ++(online(state, node) != nullptr ? here : there);
    }
  }
  const bool first_is_here =
      !state.nodes.empty() && online(state, state.nodes.begin()->first) != nullptr;
  return here > there || (here == there && first_is_here) ? ClusterTime{0} : fence_head_start;
}

std::optional<ClusterTime> reset_due_in(const State& state, const NodeRecord& node) {
  if (node.watchdog.count() == 0 || !has_majority(state)) return std::nullopt;
  const auto* lost = std::get_if<Lost>(&node.standing);
  const auto* unseen = std::get_if<Unseen>(&node.standing);
  if (lost == nullptr && unseen == nullptr) return std::nullopt;
  const auto since = lost != nullptr ? lost->since : unseen->since;
  return std::max(since + node.watchdog + watchdog_margin - state.now, ClusterTime{0});
}

bool is_empty(const State& state, NodeId node) { return !state.vms.any_on(node); }

}  // namespace upbeat
