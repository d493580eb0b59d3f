// SPDX-License-Identifier: Apache-2.0
// Evidence: what nodes report of their guests, and what follows for where a guest may be running.
#include <algorithm>

#include "core/apply_parts.h"
#include "core/text.h"

namespace upbeat {
namespace {

/// A guest that ran this long is healthy: its earlier crashes no longer count.
constexpr ClusterTime healthy_after{600'000};

std::string ending_text(const InventoryReported& report, const VmId& vm) {
  const auto ended =
      std::ranges::find_if(report.ended, [&](const GuestEnded& one) { return one.vm == vm; });
  if (ended == report.ended.end()) return "is not there";
  switch (ended->ending) {
    case Ending::shut_down:
      return "shut down";
    case Ending::destroyed:
      return "was powered off";
    case Ending::crashed:
      return "crashed";
    case Ending::migrated:
      return "has left";
    case Ending::failed:
      return "did not come to life";
  }
  return "is not there";
}

void now_running(State& state, const VmId& id, VmRecord& vm, NodeId node) {
  const bool as_asked = vm.wants_move && (vm.move_to ? *vm.move_to == node : vm.last_on != node);
  if (vm.home == NodeId() || as_asked) vm.home = node;
  vm.last_on = node;
  vm.phase = Running{node, state.now};
  vm.waits_for.clear();
  vm.given_up = false;
  if (vm.wants_move && (!vm.move_to || *vm.move_to == node)) vm.wants_move = false;
  tell(state, id, "runs on " + name_of(state, node));
}

void raise_alarm(State& state, const VmId& id, VmRecord& vm, const std::string& what) {
  vm.phase = Alarm{what};
  vm.waits_for = what + "; Upbeat leaves it alone until `upbeat vm start` or `upbeat vm stop`";
  tell(state, id, "ALARM: " + what);
}

/// Whether a guest that is where it should be, and was there before, is seen once more.
bool is_no_news(const VmRecord& vm, NodeId node) {
  const auto* running = std::get_if<Running>(&vm.phase);
  return running != nullptr && running->on == node && vm.may_run_on.contains(node);
}

/// Whether its migration was called off, has ended, and the target has not come back meanwhile.
bool is_over(const VmRecord& vm) {
  const auto* migrating = std::get_if<Migrating>(&vm.phase);
  return migrating != nullptr && migrating->called_off && migrating->ended &&
         !vm.may_run_on.contains(migrating->to);
}

void seen_running(State& state, const VmId& id, NodeId node) {
  auto& vm = state.vms.edit(id);
  const auto name = name_of(state, node);
  if (std::holds_alternative<Alarm>(vm.phase)) {
    vm.may_run_on.emplace(node, state.index);
    return;
  }
  if (!vm.may_run_on.contains(node)) {
    vm.may_run_on.emplace(node, state.index);
    raise_alarm(state, id, vm,
                "it was seen running on " + name + ", where Upbeat did not start it");
    return;
  }
  if (const auto* starting = std::get_if<Starting>(&vm.phase)) {
    if (starting->on != node) return;
    vm.start_failures = 0;
    vm.avoid.clear();
    now_running(state, id, vm, node);
  } else if (const auto* running = std::get_if<Running>(&vm.phase)) {
    if (running->on != node) {
      raise_alarm(state, id, vm,
                  "it was seen running on " + name_of(state, running->on) + " and on " + name);
    }
  } else if (auto* migrating = std::get_if<Migrating>(&vm.phase)) {
    if (migrating->to == node) {
      migrating->landed = true;
    } else if (is_over(vm)) {
      now_running(state, id, vm, node);
    }
  } else if (std::holds_alternative<Unsure>(vm.phase)) {
    if (vm.may_run_on.size() == 1) now_running(state, id, vm, node);
  } else if (stays_up(state, vm)) {
    now_running(state, id, vm, node);
  }
}

/// Half a guest whose other half is proved off can never become whole: it is thrown away, and the
/// guest boots once its last trace is gone.
void seen_incoming(State& state, const VmId& id, const InventoryReported& report) {
  const auto& vm = state.vms.at(id);
  const auto may = vm.may_run_on.find(report.node);
  if (!std::holds_alternative<Unsure>(vm.phase) || vm.may_run_on.size() != 1 ||
      may == vm.may_run_on.end() || report.as_of < may->second) {
    return;
  }
  state.vms.edit(id).phase = Stopping{report.node, state.index, state.now, StopForce::power_off};
  tell(state, id,
       "did not get to " + name_of(state, report.node) +
           " whole: what is there of it is thrown away");
}

/// Whether the absence of the guest from this report proves that it is not there.
bool denies(const InventoryReported& report, const VmId& id, const VmRecord& vm) {
  if (report.as_of < vm.may_run_on.at(report.node)) return false;
  if (std::ranges::binary_search(report.busy, id)) return false;
  // A target that has not seen the guest yet says nothing while the source may still be sending.
  const auto* migrating = std::get_if<Migrating>(&vm.phase);
  return migrating == nullptr || migrating->to != report.node || migrating->ended ||
         !vm.may_run_on.contains(migrating->from);
}

/// What had come to this target has gone again: that it was there says nothing any more.
void has_not_landed(State& state, const VmId& id, NodeId node) {
  const auto* migrating = std::get_if<Migrating>(&state.vms.at(id).phase);
  if (migrating == nullptr || migrating->to != node || !migrating->landed) return;
  std::get<Migrating>(state.vms.edit(id).phase).landed = false;
}

void avoid(VmRecord& vm, NodeId node) {
  const auto at = std::ranges::lower_bound(vm.avoid, node);
  if (at == vm.avoid.end() || *at != node) vm.avoid.insert(at, node);
}

bool is_healthy(const State& state, const VmRecord& vm) {
  const auto* running = std::get_if<Running>(&vm.phase);
  return running != nullptr && state.now - running->since >= healthy_after;
}

/// The guest is down, by `how` through its own fault or, if that is empty, through its node's.
void count_death(State& state, VmRecord& vm, NodeId node, const std::string& how) {
  const auto* running = std::get_if<Running>(&vm.phase);
  if (running == nullptr || running->on != node || vm.wanted != Wanted::running) return;
  if (is_healthy(state, vm)) vm.crashes = 0;
  if (how.empty()) return;
  vm.crashes += 1;
  vm.not_before = state.now + backoff(vm.crashes - 1);
  vm.last_error = "it " + how;
  if (vm.crashes > state.policy.restart_tries_here) avoid(vm, node);
}

/// A guest that is not at the source of a migration called off may have got to the target after
/// that was proved off, and was on again: it has to come into the view, or be proved off anew. If
/// both are proved off by one event neither outlived the other.
bool may_have_come_late(State& state, const VmId& id, VmRecord& vm) {
  const auto* migrating = std::get_if<Migrating>(&vm.phase);
  if (migrating == nullptr || !migrating->called_off || *migrating->called_off == state.index ||
      !vm.may_run_on.empty()) {
    return false;
  }
  const auto target = migrating->to;
  if (!state.nodes.contains(target)) return false;
  auto& node = state.nodes.edit(target);
  node.standing = Unseen{state.now};
  vm.may_run_on.emplace(target, state.index);
  vm.phase = Unsure{};
  tell(state, id, "may have come to " + node.name + " after it was proved off");
  return true;
}

/// Where the phase goes when `node` has just been ruled out; the guest may still run on others.
void phase_without(State& state, const VmId& id, VmRecord& vm, NodeId node) {
  if (std::holds_alternative<Alarm>(vm.phase) || may_have_come_late(state, id, vm)) return;
  if (vm.may_run_on.empty()) {
    vm.phase = Stopped{};
    return;
  }
  const auto* migrating = std::get_if<Migrating>(&vm.phase);
  if (migrating == nullptr) return;
  if (migrating->to == node && !migrating->ended) {
    std::get<Migrating>(vm.phase).called_off = state.index;
    std::get<Migrating>(vm.phase).landed = false;
    tell(state, id, "does not go on to " + name_of(state, node) + ", which was proved off");
  } else if (migrating->to == node) {
    now_running(state, id, vm, migrating->from);
  } else if (migrating->landed) {
    vm.move_failures = 0;
    vm.avoid.clear();
    now_running(state, id, vm, migrating->to);
  } else {
    // Only what the target reports from now on tells whether it has the guest.
    for (auto& [left, since] : vm.may_run_on) since = state.index;
    vm.phase = Unsure{};
  }
}

}  // namespace

void rule_out(State& state, const VmId& id, NodeId node, const std::string& evidence) {
  if (!state.vms.at(id).may_run_on.contains(node)) return;
  auto& vm = state.vms.edit(id);
  vm.may_run_on.erase(node);
  const bool was_moving = std::holds_alternative<Migrating>(vm.phase);
  if (!was_moving) tell(state, id, evidence);
  phase_without(state, id, vm, node);
  if (!std::holds_alternative<Stopped>(vm.phase)) return;
  if (was_moving) tell(state, id, evidence);
  if (vm.wanted == Wanted::removed) {
    forget_vm(state, id);
  }
}

void prove_off(State& state, NodeId node, const std::string& proof) {
  const bool went_on = goes_on_alone(state);
  auto& record = state.nodes.edit(node);
  // It was given time to be back, and was not.
  if (const auto* lost = std::get_if<Lost>(&record.standing)) count_loss(state, node, lost->since);
  record.standing = ProvedOff{proof};
  record.fencing.reset();
  record.watchdog = {};
  record.foreign.clear();
  tell(state, node, "was proved off: " + proof);
  for (const auto& [id, seated] : state.vms.on(node)) {
    count_death(state, state.vms.edit(id), node, "");
    rule_out(state, id, node, "is down: " + name_of(state, node) + " was proved off");
  }
  // More than a clean leave gives: whoever left may have stayed, cut off, and has to yield.
  if (!went_on && goes_on_alone(state)) {
    state.term += 2;
    tell(state, "cluster", "goes on without a majority: all other nodes are proved off");
  }
}

void apply_event(State& state, const InventoryReported& report) {
  const auto* here = online(state, report.node);
  if (here == nullptr || here->incarnation != report.incarnation) return;
  const bool first = !here->reported;
  auto& node = state.nodes.edit(report.node);
  std::get<Online>(node.standing).reported = true;
  node.capacity = report.capacity;
  node.foreign.clear();
  if (first) {
    tell(state, report.node,
         "reported " + std::to_string(report.guests.size()) + " guests and " +
             mib(report.capacity.memory_kib) + " for guests");
  }
  const auto seats = state.vms.on(report.node);
  auto seat = seats.begin();
  for (const auto& guest : report.guests) {
    // Most guests are where they were; both lists are sorted, so that these cost next to nothing.
    while (seat != seats.end() && seat->vm < guest.vm) ++seat;
    if (seat != seats.end() && seat->vm == guest.vm && guest.sighting == Sighting::running &&
        is_no_news(*seat->record, report.node)) {
      continue;
    }
    const auto vm = state.vms.find(guest.vm);
    if (vm == state.vms.end()) {
      node.foreign.push_back(guest);
    } else if (guest.sighting == Sighting::incoming) {
      seen_incoming(state, guest.vm, report);
    } else if (guest.sighting == Sighting::running &&
               (vm->second.may_run_on.contains(report.node) ||
                !std::ranges::binary_search(report.busy, guest.vm))) {
      seen_running(state, guest.vm, report.node);
    }
  }
  for (const auto& [id, record] : state.vms.on(report.node)) {
    if (std::ranges::binary_search(report.guests, id, {}, &GuestSeen::vm)) continue;
    has_not_landed(state, id, report.node);
    if (!denies(report, id, state.vms.at(id))) continue;
    const auto how = ending_text(report, id) + " on " + name_of(state, report.node);
    count_death(state, state.vms.edit(id), report.node, first ? "" : how);
    rule_out(state, id, report.node, how);
  }
}

void apply_event(State& state, const VmStartFailed& event) {
  const auto found = state.vms.find(event.vm);
  if (found == state.vms.end()) return;
  const auto* starting = std::get_if<Starting>(&found->second.phase);
  if (starting == nullptr || starting->on != event.on || starting->since != event.since) return;
  auto& vm = state.vms.edit(event.vm);
  vm.start_failures += 1;
  vm.last_error = event.why;
  vm.not_before = state.now + backoff(vm.start_failures);
  avoid(vm, event.on);
  vm.may_run_on[event.on] = state.index;  // its next inventory tells whether something is left
  vm.phase = Unsure{};
  tell(state, event.vm, "could not be started on " + name_of(state, event.on) + ": " + event.why);
}

void apply_event(State& state, const MigrationEnded& event) {
  const auto found = state.vms.find(event.vm);
  if (found == state.vms.end()) return;
  const auto* migrating = std::get_if<Migrating>(&found->second.phase);
  if (migrating == nullptr || migrating->from != event.from || migrating->to != event.to ||
      migrating->since != event.since || migrating->ended) {
    return;
  }
  auto& vm = state.vms.edit(event.vm);
  auto& moving = std::get<Migrating>(vm.phase);
  moving.ended = true;
  vm.last_move = event;
  const auto path = name_of(state, event.from) + " to " + name_of(state, event.to);
  for (auto& [node, since] : vm.may_run_on) since = state.index;
  if (event.success) {
    tell(state, event.vm,
         "moved live from " + path + " in " + std::to_string(event.total_ms) + " ms, paused for " +
             std::to_string(event.downtime_ms) + " ms");
    return;
  }
  if (moving.called_off || moving.given_up) {
    tell(state, event.vm, "has not moved from " + path + ": " + event.why);
    return;
  }
  vm.move_failures += 1;
  vm.last_error = event.why;
  vm.not_before = state.now + backoff(vm.move_failures);
  avoid(vm, event.to);
  vm.wants_move = false;
  tell(state, event.vm, "could not move from " + path + ": " + event.why);
}

void apply_event(State& state, const MigrationProgressed& event) {
  const auto found = state.vms.find(event.vm);
  if (found == state.vms.end()) return;
  if (!std::holds_alternative<Migrating>(found->second.phase)) return;
  std::get<Migrating>(state.vms.edit(event.vm).phase).progress = event;
}

}  // namespace upbeat
