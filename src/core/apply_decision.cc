// SPDX-License-Identifier: Apache-2.0
// Decisions come true here, each only if what it was taken for still holds.
#include "core/apply_parts.h"
#include "core/deadline.h"
#include "core/placement.h"

namespace upbeat {
namespace {

void carry_out(State& state, const StartVm& start, const Reason& why) {
  const auto found = state.vms.find(start.vm);
  if (found == state.vms.end()) return;
  const auto& asleep = found->second;
  // The one gate through which a guest comes to life: nobody else may be running it.
  if (!std::holds_alternative<Stopped>(asleep.phase) || !asleep.may_run_on.empty() ||
      asleep.wanted != Wanted::running || !fits(state, start.vm, start.on) ||
      !why_nothing_begins(state).empty()) {
    return;
  }
  auto& vm = state.vms.edit(start.vm);
  vm.may_run_on.emplace(start.on, state.index);
  vm.phase = Starting{start.on, state.index};
  vm.last_on = start.on;
  vm.held_for = NodeId();
  vm.waits_for.clear();
  tell(state, start.vm, "starts on " + name_of(state, start.on) + ": " + why.text());
}

void carry_out(State& state, const MigrateVm& move, const Reason& why) {
  const auto found = state.vms.find(move.vm);
  if (found == state.vms.end()) return;
  const auto* running = std::get_if<Running>(&found->second.phase);
  const auto* source = online(state, move.from);
  if (running == nullptr || running->on != move.from || found->second.may_run_on.size() != 1 ||
      source == nullptr || source->incarnation == 0 || !fits(state, move.vm, move.to) ||
      !why_nothing_begins(state).empty()) {
    return;
  }
  auto& vm = state.vms.edit(move.vm);
  vm.may_run_on.emplace(move.to, state.index);
  vm.phase =
      Migrating{.from = move.from, .to = move.to, .since = state.index, .begun_at = state.now};
  vm.waits_for.clear();
  tell(state, move.vm,
       "moves from " + name_of(state, move.from) + " to " + name_of(state, move.to) + ": " +
           why.text());
}

/// What a step means, for the history.
std::string consequence(MoveStep step) {
  switch (step) {
    case MoveStep::live:
      break;
    case MoveStep::longer_pause:
    case MoveStep::long_pause:
      return "may stand still for " + std::to_string(pause_limit(step).count()) +
             " ms when it changes hosts";
    case MoveStep::slowed_down:
      return "is slowed down until its memory can be copied";
    case MoveStep::stand_still:
      return "stands still until it is on the other host";
  }
  return "moves on";
}

void carry_out(State& state, const HastenVm& hasten, const Reason& why) {
  const auto found = state.vms.find(hasten.vm);
  if (found == state.vms.end()) return;
  const auto* move = std::get_if<Migrating>(&found->second.phase);
  if (move == nullptr || move->ended || move->called_off || move->given_up ||
      move->step >= hasten.step)
    return;
  std::get<Migrating>(state.vms.edit(hasten.vm).phase).step = hasten.step;
  tell(state, hasten.vm, consequence(hasten.step) + ": " + why.text());
}

void carry_out(State& state, const CallOffMove& call_off, const Reason& why) {
  const auto found = state.vms.find(call_off.vm);
  if (found == state.vms.end()) return;
  const auto* move = std::get_if<Migrating>(&found->second.phase);
  if (move == nullptr || move->ended || move->called_off || move->given_up) return;
  std::get<Migrating>(state.vms.edit(call_off.vm).phase).given_up = true;
  tell(state, call_off.vm, "does not go on to " + name_of(state, move->to) + ": " + why.text());
}

void carry_out(State& state, const StopVm& stop, const Reason& why) {
  const auto found = state.vms.find(stop.vm);
  if (found == state.vms.end()) return;
  const auto* running = std::get_if<Running>(&found->second.phase);
  const auto* stopping = std::get_if<Stopping>(&found->second.phase);
  const bool first = running != nullptr && running->on == stop.on;
  const bool harder = stopping != nullptr && stopping->on == stop.on &&
                      stopping->force == StopForce::ask && stop.force == StopForce::power_off;
  const bool wanted_up = found->second.wanted == Wanted::running;
  const bool goes_down =
      first && wanted_up && (stops_its_guests(state, stop.on) || is_last_call(state, stop.on));
  if (!harder && !goes_down && (!first || wanted_up)) return;
  auto& vm = state.vms.edit(stop.vm);
  if (goes_down) {
    vm.crashes = 0;
    if (state.policy.on_shutdown == OnShutdown::hold) vm.held_for = stop.on;
  }
  vm.phase = Stopping{stop.on, state.index, state.now, stop.force};
  vm.waits_for.clear();
  tell(state, stop.vm,
       (stop.force == StopForce::ask ? "is asked to shut down on " : "is powered off on ") +
           name_of(state, stop.on) + ": " + why.text());
}

void carry_out(State& state, const FenceNode& fence, const Reason& why) {
  const auto found = state.nodes.find(fence.node);
  const auto* by = online(state, fence.by);
  if (found == state.nodes.end() || by == nullptr || by->incarnation == 0) return;
  const auto& known = found->second;
  const bool uncertain = std::holds_alternative<Lost>(known.standing) ||
                         std::holds_alternative<Unseen>(known.standing);
  if (!uncertain || (known.fencing && known.fencing->by != NodeId())) return;
  auto& node = state.nodes.edit(fence.node);
  if (!node.fencing) node.fencing.emplace();
  node.fencing->by = fence.by;
  node.fencing->since = state.index;
  tell(state, fence.node, name_of(state, fence.by) + " proves it off: " + why.text());
}

void carry_out(State& state, const HoldVm& hold, const Reason& why) {
  if (!state.vms.contains(hold.vm)) return;
  auto& vm = state.vms.edit(hold.vm);
  vm.waits_for = why.text();
  vm.wants_move = false;
  tell(state, hold.vm, "waits: " + why.text());
}

void carry_out(State& state, const GiveUpVm& give_up, const Reason& why) {
  if (!state.vms.contains(give_up.vm)) return;
  auto& vm = state.vms.edit(give_up.vm);
  vm.given_up = true;
  vm.waits_for = why.text();
  tell(state, give_up.vm, "is given up: " + why.text());
}

}  // namespace

void apply_event(State& state, const Decided& event) {
  if (event.view != state.epoch) return;
  for (const auto& decision : event.decisions) {
    std::visit([&](const auto& action) { carry_out(state, action, decision.why); },
               decision.action);
    // The next one asks what is on which node, which takes long for what is not settled.
    state.vms.settle();
  }
}

}  // namespace upbeat
