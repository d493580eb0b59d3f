// SPDX-License-Identifier: Apache-2.0
// What should move now, live: off nodes that drain, where operators want it, where rules want it.
#include <algorithm>

#include "core/deadline.h"
#include "core/decide.h"
#include "core/decide_parts.h"
#include "core/evacuation.h"
#include "core/placement.h"
#include "core/rules.h"
#include "core/text.h"

namespace upbeat {
namespace {

std::uint32_t coming_to(const State& state, NodeId node) {
  return static_cast<std::uint32_t>(
      std::ranges::count_if(state.vms.on(node), [node](const Guests::Seat& seat) {
        const auto* move = std::get_if<Migrating>(&seat.record->phase);
        return move != nullptr && move->to == node;
      }));
}

/// Whether a further guest may begin to leave the node.
bool may_begin(const State& state, NodeId node) {
  std::uint32_t going = 0;
  for (const auto& seat : state.vms.on(node)) {
    const auto* move = std::get_if<Migrating>(&seat.record->phase);
    if (move == nullptr || move->from != node || move->ended) continue;
    if (++going == moves_from_limit) return false;
    if (time_to_leave(state, seat.vm) > next_move_begins_before) return false;
  }
  return true;
}

/// Starts one migration if a place and a free slot are there; the others follow when one ends.
void move(Plan& plan, const VmId& id, NodeId from, std::expected<Place, std::string> target,
          const std::string& why) {
  if (const auto not_now = why_nothing_begins(plan.state()); !not_now.empty()) {
    return plan.hold(id, why + ", but " + not_now);
  }
  if (!target) {
    plan.hold(id, why + ", but " + target.error());
    return;
  }
  if (!may_begin(plan.state(), from) || coming_to(plan.state(), target->node) >= moves_to_limit) {
    return;
  }
  plan.decide(MigrateVm{id, from, target->node}, why + " and " + target->why);
}

bool anything_moves(const State& state) {
  return std::ranges::any_of(state.vms, [](const auto& entry) {
    return std::holds_alternative<Migrating>(entry.second.phase);
  });
}

/// Whether the guest runs where nobody else wants it moved from, and could be moved of our own
/// accord.
bool is_free_to_move(const State& state, const VmId& id) {
  const auto& vm = state.vms.at(id);
  const auto* running = std::get_if<Running>(&vm.phase);
  if (running == nullptr || vm.wanted != Wanted::running || vm.wants_move ||
      state.now < vm.not_before || state.nodes.at(running->on).drain) {
    return false;
  }
  const auto* source = online(state, running->on);
  return source != nullptr && source->incarnation != 0;
}

/// Whether the guest runs where it could stay, and could be moved of our own accord.
bool can_move_now(const State& state, const VmId& id) {
  const auto* running = std::get_if<Running>(&state.vms.at(id).phase);
  return running != nullptr && keeps_guests(state, running->on) && is_free_to_move(state, id);
}

/// How strict rules would stand if the guest ran on `node`; leaves `trial` as it was.
std::uint32_t breaches_with(State& trial, const VmId& id, NodeId node) {
  const auto before = trial.vms.at(id).may_run_on;
  trial.vms.edit(id).may_run_on = {{node, trial.index}};
  const auto breaches = strict_breaches(trial);
  trial.vms.edit(id).may_run_on = before;
  trial.vms.settle();
  return breaches;
}

}  // namespace

void drain(Plan& plan) {
  std::vector<NodeId> draining;
  for (const auto& [id, node] : plan.state().nodes) {
    const auto* here = online(plan.state(), id);
    if (node.drain && here != nullptr && here->incarnation != 0) draining.push_back(id);
  }
  for (const auto node : draining) {
    if (stops_its_guests(plan.state(), node) || is_last_call(plan.state(), node)) {
      stop_guests(plan, node);
      continue;
    }
    for (const auto& id : leaving_order(plan.state(), node)) {
      if (plan.is_full()) return;
      const auto& vm = plan.state().vms.at(id);
      const auto* running = std::get_if<Running>(&vm.phase);
      if (running == nullptr || running->on != node || vm.wanted != Wanted::running ||
          plan.state().now < vm.not_before) {
        continue;
      }
      const auto& why = plan.state().nodes.at(node).drain->why;
      move(plan, id, node, place(plan.state(), id),
           name_of(plan.state(), node) + " " + why_closed(plan.state(), node) + in_brackets(why));
    }
  }
}

void move_as_asked(Plan& plan, const VmId& id, const VmRecord& vm) {
  const auto* running = std::get_if<Running>(&vm.phase);
  const auto* source = running == nullptr ? nullptr : online(plan.state(), running->on);
  if (!vm.wants_move || source == nullptr || source->incarnation == 0) return;
  auto target = place(plan.state(), id);
  if (vm.move_to) {
    const auto fit = fits(plan.state(), id, *vm.move_to);
    target = fit ? std::expected<Place, std::string>(
                       Place{*vm.move_to, name_of(plan.state(), *vm.move_to) + " was asked for"})
                 : std::unexpected(fit.error());
  }
  move(plan, id, running->on, std::move(target), "an operator wants it moved");
}

void fail_back(Plan& plan) {
  if (anything_moves(plan.state())) return;
  State trial = plan.state();
  const auto astray = [&](const VmId& id, const VmRecord& vm) {
    const auto home = home_to_return_to(trial, vm);
    return home != NodeId() && !vm.may_run_on.contains(home) && can_move_now(trial, id);
  };
  for (const auto& id : by_importance(plan.state(), astray)) {
    const auto& vm = plan.state().vms.at(id);
    const auto home = home_to_return_to(plan.state(), vm);
    if (!fits(plan.state(), id, home)) continue;
    // Its way home must not cost others the place that their rules ask for.
    if (breaches_with(trial, id, home) > strict_breaches(trial)) continue;
    const Place place{home, name_of(plan.state(), home) + " takes it again"};
    return move(plan, id, std::get<Running>(vm.phase).on, place,
                "it goes back to its home (failback)");
  }
}

void leave_quarantine(Plan& plan) {
  if (anything_moves(plan.state())) return;
  const auto there = [&](const VmId& id, const VmRecord& vm) {
    const auto* running = std::get_if<Running>(&vm.phase);
    return running != nullptr && plan.state().nodes.at(running->on).quarantine &&
           vm.move_failures < quarantine_tries_limit && is_free_to_move(plan.state(), id);
  };
  for (const auto& id : by_importance(plan.state(), there)) {
    const auto from = std::get<Running>(plan.state().vms.at(id).phase).on;
    const auto target = place(plan.state(), id);
    if (!target) continue;
    return move(plan, id, from, target,
                name_of(plan.state(), from) +
                    " is quarantined: " + plan.state().nodes.at(from).quarantine->why);
  }
}

void keep_rules(Plan& plan) {
  if (anything_moves(plan.state())) return;
  State trial = plan.state();
  auto fewest = strict_breaches(trial);
  if (fewest == 0) return;
  std::optional<std::pair<VmId, Place>> best;
  auto order = by_importance(plan.state(), [&](const VmId& id, const VmRecord& /*vm*/) {
    return can_move_now(plan.state(), id) && rule_to_move_for(plan.state(), id) != nullptr;
  });
  std::ranges::reverse(order);  // the least important one is disturbed
  for (const auto& id : order) {
    const auto target = place(trial, id);
    if (!target) continue;
    if (const auto breaches = breaches_with(trial, id, target->node); breaches < fewest) {
      fewest = breaches;
      best.emplace(id, *target);
    }
  }
  if (!best) return;
  const auto& [id, target] = *best;
  const auto* rule = rule_to_move_for(plan.state(), id);
  move(plan, id, std::get<Running>(plan.state().vms.at(id).phase).on, target,
       "rule '" + rule->name.get() + "' " + rule_text(plan.state(), *rule));
}

}  // namespace upbeat
