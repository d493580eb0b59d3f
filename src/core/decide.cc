// SPDX-License-Identifier: Apache-2.0
// The coordinator's judgement: each rule looks at the state as the rules before it will have left
// it.
#include "core/decide.h"

#include <algorithm>

#include "core/deadline.h"
#include "core/decide_parts.h"
#include "core/evacuation.h"
#include "core/haste.h"
#include "core/placement.h"
#include "core/text.h"

namespace upbeat {
namespace {

/// Who asks the fence device: the coordinator first, after a failure the next member.
NodeId executor(const State& state, std::uint32_t failures) {
  std::vector<NodeId> members{coordinator(state)};
  for (const auto& [id, node] : state.nodes) {
    const auto* here = std::get_if<Online>(&node.standing);
    if (here != nullptr && here->incarnation != 0 && id != members.front()) members.push_back(id);
  }
  return members[failures % members.size()];
}

/// Why the node has to be proved off now; empty if it has not.
std::string must_be_off(const State& state, const NodeRecord& node, NodeId id) {
  // Where the others may have quorum, too, only their being off lets anything begin here.
  const bool rivals = !why_nothing_begins(state).empty();
  const bool we_leave = online(state, coordinator(state))->leaving;
  if (is_empty(state, id) && (!rivals || we_leave)) return {};
  if (const auto* lost = std::get_if<Lost>(&node.standing); lost != nullptr) {
    if (lost->daemon_went_first && state.now - lost->since < restart_grace) return {};
    if (state.now < lost->settles_at) return {};
    if (rivals && state.now - lost->since < first_shot_of_others(state)) return {};
    if (rivals) return "it was lost, and without a majority one of us two has to be off";
    if (lost->settles_at != ClusterTime{0}) {
      return "it was not back within " + seconds(settle_grace) +
             " after the quorum, and may still run guests";
    }
    return "it was lost and may still run guests";
  }
  if (const auto* unseen = std::get_if<Unseen>(&node.standing);
      unseen != nullptr && state.now - unseen->since >= unseen_grace) {
    return "it was not seen for " + seconds(unseen_grace) + " and may run guests";
  }
  return {};
}

void fence(Plan& plan) {
  std::vector<NodeId> ids;
  for (const auto& [id, node] : plan.state().nodes) ids.push_back(id);
  for (const auto id : ids) {
    const auto& node = plan.state().nodes.at(id);
    const auto why = must_be_off(plan.state(), node, id);
    if (why.empty()) continue;
    if (node.fencing &&
        (node.fencing->by != NodeId() || plan.state().now < node.fencing->next_try)) {
      continue;
    }
    const auto failures = node.fencing ? node.fencing->failures : 0;
    plan.decide(FenceNode{id, executor(plan.state(), failures)}, why);
  }
}

/// Takes the power of a guest that was asked to shut down and does not.
void lose_patience(Plan& plan, const VmId& id, const VmRecord& vm) {
  const auto* stopping = std::get_if<Stopping>(&vm.phase);
  if (stopping == nullptr || stopping->force != StopForce::ask) return;
  if (stays_up(plan.state(), vm)) return;
  if (vm.wanted != Wanted::running && vm.stop_force == StopForce::power_off) {
    plan.decide(StopVm{id, stopping->on, StopForce::power_off}, "an operator asked for force");
  } else if (is_last_moment(plan.state(), stopping->on)) {
    plan.decide(StopVm{id, stopping->on, StopForce::power_off},
                "it did not shut down, and " + name_of(plan.state(), stopping->on) +
                    " goes down within " + seconds(*time_left(plan.state(), stopping->on)));
  } else if (plan.state().now - stopping->asked_at >= stop_patience) {
    plan.decide(StopVm{id, stopping->on, StopForce::power_off},
                "it did not shut down within " + seconds(stop_patience));
  }
}

/// Sees to it that a guest on its way is there in time or, if it cannot be, has not left.
void help_along(Plan& plan, const VmId& id, const VmRecord& vm) {
  if (auto why = why_too_late(plan.state(), vm); !why.empty()) {
    plan.decide(CallOffMove{id}, std::move(why));
  } else if (const auto due = haste_due(plan.state(), vm)) {
    plan.decide(HastenVm{id, due->step}, due->why);
  }
}

void stop_as_asked(Plan& plan, const VmId& id, const VmRecord& vm) {
  const auto* running = std::get_if<Running>(&vm.phase);
  if (running == nullptr) return;
  plan.decide(StopVm{id, running->on, vm.stop_force},
              vm.wanted == Wanted::removed ? "it is to be removed" : "it is wanted stopped");
}

/// Starts that went wrong since the guest last ran well, or an operator asked for it. The first
/// crash is none: the start before it was good.
std::uint32_t tries_made(const VmRecord& vm) {
  return vm.start_failures + (vm.crashes > 0 ? vm.crashes - 1 : 0);
}

bool failed_lately(const VmRecord& vm) { return vm.start_failures + vm.crashes > 0; }

bool is_hopeless(const Policy& policy, const VmRecord& vm) {
  return failed_lately(vm) &&
         tries_made(vm) >= policy.restart_tries_here + policy.restart_tries_elsewhere;
}

/// Where a guest that is down should start, by policy.
std::expected<Place, std::string> start_place(const State& state, const VmId& id,
                                              const VmRecord& vm) {
  if (vm.held_for != NodeId()) {
    const auto name = name_of(state, vm.held_for);
    if (const auto why = why_closed(state, vm.held_for); !why.empty()) {
      return std::unexpected("it is held for " + name + ", which " + why + "; `upbeat vm start " +
                             id.get() + "` starts it elsewhere");
    }
    // The node is back: if the guest cannot be there any more, it is up elsewhere rather than down.
    if (!fits(state, id, vm.held_for)) return place(state, id);
    return Place{vm.held_for, "it was held for " + name + ", which takes VMs again"};
  }
  const bool here = failed_lately(vm) && tries_made(vm) < state.policy.restart_tries_here;
  if (here && fits(state, id, vm.last_on)) {
    return Place{vm.last_on, "it is tried again where it was"};
  }
  return place(state, id);
}

void start(Plan& plan, const VmId& id, const VmRecord& vm) {
  if (!std::holds_alternative<Stopped>(vm.phase) || vm.given_up) return;
  if (is_hopeless(plan.state().policy, vm)) {
    plan.decide(GiveUpVm{id}, "it failed " + std::to_string(vm.start_failures + vm.crashes) +
                                  " times, last: " + vm.last_error + "; `upbeat vm start " +
                                  id.get() + "` tries again");
    return;
  }
  if (plan.state().now < vm.not_before) return;
  if (const auto why = why_nothing_begins(plan.state()); !why.empty()) return plan.hold(id, why);
  const auto target = start_place(plan.state(), id, vm);
  if (target) {
    plan.decide(StartVm{id, target->node}, "it is wanted running and " + target->why);
  } else {
    plan.hold(id, target.error());
  }
}

}  // namespace

namespace {

/// Why guests are shut down on a node that goes down.
std::string why_stopped(const State& state, NodeId node) {
  const auto& record = state.nodes.at(node);
  const auto name = record.name + " goes down" + in_brackets(record.drain->why);
  if (stops_its_guests(state, node)) {
    const bool hold = state.policy.on_shutdown == OnShutdown::hold;
    return name + (hold ? ", and it is held for that node" : ", and it restarts elsewhere") +
           " (policy on_shutdown)";
  }
  const auto left = time_left(state, node);
  if (left && last_call_in(state, node) == ClusterTime{0}) {
    return name + " within " + seconds(*left) +
           ", and it has not left: it boots where there is room";
  }
  return name + ", and no node stays that could take it: it boots as soon as one can";
}

}  // namespace

void stop_guests(Plan& plan, NodeId node) {
  const auto why = why_stopped(plan.state(), node);
  for (const auto& id : leaving_order(plan.state(), node)) {
    if (plan.is_full()) return;
    const auto& vm = plan.state().vms.at(id);
    const auto* running = std::get_if<Running>(&vm.phase);
    if (running == nullptr || running->on != node || vm.wanted != Wanted::running) continue;
    plan.decide(StopVm{id, node, StopForce::ask}, why);
  }
}

void sort_by_importance(const State& state, std::vector<VmId>& vms) {
  std::ranges::stable_sort(vms, [&](const VmId& a, const VmId& b) {
    const auto& left = state.vms.at(a).spec;
    const auto& right = state.vms.at(b).spec;
    if (left.priority != right.priority) return left.priority > right.priority;
    return left.memory_kib > right.memory_kib;
  });
}

namespace {

/// Whether there may be something to decide for the guest itself. What the guests before it were
/// given in the same plan does not change that.
bool is_open(const VmRecord& vm) {
  return !std::holds_alternative<Running>(vm.phase) || vm.wanted != Wanted::running ||
         vm.wants_move;
}

}  // namespace

std::vector<Decision> decide(const State& state) {
  if (coordinator(state) == NodeId()) return {};
  Plan plan(state);
  fence(plan);
  drain(plan);
  const auto open = [](const VmId& /*id*/, const VmRecord& vm) { return is_open(vm); };
  for (const auto& id : by_importance(plan.state(), open)) {
    if (plan.is_full()) break;
    // A copy: the plan's own record moves on with the decisions.
    const VmRecord vm = plan.state().vms.at(id);
    if (vm.wanted == Wanted::running) {
      start(plan, id, vm);
      move_as_asked(plan, id, vm);
    } else {
      stop_as_asked(plan, id, vm);
    }
    lose_patience(plan, id, vm);
    help_along(plan, id, vm);
  }
  if (!plan.is_full()) fail_back(plan);
  if (!plan.is_full()) keep_rules(plan);
  if (!plan.is_full()) leave_quarantine(plan);
  return plan.take();
}

}  // namespace upbeat
