// SPDX-License-Identifier: Apache-2.0
// The one function that changes the state: dispatch, views, time and operators' requests.
#include "core/apply.h"

#include <algorithm>

#include "core/apply_parts.h"
#include "core/requests.h"
#include "core/text.h"

namespace upbeat {
namespace {

constexpr ClusterTime backoff_limit{60'000};

/// A migration to a node that was proved off may arrive there now, as long as its source has not
/// said that it ended.
void expect_called_off(State& state, NodeId target) {
  std::vector<VmId> expected;
  for (const auto& [id, vm] : state.vms) {
    const auto* migrating = std::get_if<Migrating>(&vm.phase);
    if (migrating != nullptr && migrating->called_off && migrating->to == target) {
      expected.push_back(id);
    }
  }
  for (const auto& id : expected) state.vms.edit(id).may_run_on.emplace(target, state.index);
}

void node_came(State& state, const NodeHere& came) {
  const auto* before = online(state, came.id);
  if (before != nullptr && before->incarnation == came.incarnation) return;
  const bool only_daemon = before != nullptr;
  const bool was_leaving = only_daemon && before->leaving;
  auto& node = state.nodes[came.id];
  Online now{.incarnation = came.incarnation, .member_since = state.epoch};
  if (came.incarnation == 0) {
    now.leaving = was_leaving;
    tell(state, came.id,
         only_daemon ? "its daemon went away, the host is still there"
                     : "the host is there, its daemon is not yet");
  } else {
    // What goes down is back. What was about to fail may still be: its daemon will find out.
    const bool went_down =
        node.drain && is_of_its_host(node.drain->cause) && node.drain->cause != DrainCause::failing;
    if (went_down) node.drain.reset();
    if (node.drain) node.drain->deadline.reset();
    tell(state, came.id, only_daemon ? "its daemon is there again" : "joined");
  }
  node.standing = now;
  node.fencing.reset();
  // What an earlier life of its daemon or of its host promised is void. Where only the daemon went,
  // nobody feeds the watchdog any more: that promise holds.
  if (came.incarnation != 0 || !only_daemon) node.watchdog = {};
  if (only_daemon) return;
  expect_called_off(state, came.id);
  quarantine_if_flapping(state, came.id);
}

/// A node that was lost before is given the time again: what is mended now may have kept it away.
void settles_anew(State& state, NodeId id) {
  if (!std::holds_alternative<Lost>(state.nodes.at(id).standing)) return;
  std::get<Lost>(state.nodes.edit(id).standing).settles_at = state.now + settle_grace;
}

enum class GoodByes : std::uint8_t { count, do_not_count };

/// Who goes down may think better of it, cut off from the others. So where no majority stays, and
/// those that stay have said good-bye, too, neither side takes the other for gone.
GoodByes good_byes(const State& state, const ViewChanged& event) {
  const auto is_leaving = [&](const NodeHere& one) {
    const auto* here = online(state, one.id);
    return here != nullptr && here->leaving;
  };
  const bool void_now = event.here.size() * 2 <= event.configured.size() &&
                        std::ranges::any_of(event.here, is_leaving);
  return void_now ? GoodByes::do_not_count : GoodByes::count;
}

void node_went(State& state, NodeId id, Continuity continuity, GoodByes farewell) {
  const auto* before = online(state, id);
  const bool regained = continuity == Continuity::regained;
  if (before == nullptr) {
    if (regained) settles_anew(state, id);
    return;
  }
  const bool said_good_bye = before->leaving;
  const bool daemon_went_first = before->incarnation == 0 && !said_good_bye;
  const bool empty = is_empty(state, id);
  auto& node = state.nodes.edit(id);
  if (said_good_bye && empty && farewell == GoodByes::count) {
    node.standing = Left{};
    tell(state, id, "left cleanly");
  } else if (continuity == Continuity::cold) {
    node.standing = Unseen{state.now};
    tell(state, id, "has not been seen since the whole cluster began anew");
  } else {
    node.standing =
        Lost{state.now, daemon_went_first, regained ? state.now + settle_grace : ClusterTime{0}};
    if (!regained && !daemon_went_first) count_loss(state, id, state.now);
    tell(state, id,
         said_good_bye && empty ? "was lost: it said that it was empty, but so did who is left"
         : said_good_bye ? "was lost: since it said that it was empty, a guest was seen on it"
         : regained ? "is not back with the quorum: it has " + seconds(settle_grace) + " to come"
         : daemon_went_first ? "was lost after its daemon: it may be back at once"
                             : "was lost: it is gone without a word");
  }
}

/// What a shutdown that does not happen asked for ends, and with it a drain that was for nothing
/// else.
void stay(State& state, NodeId id) {
  auto& node = state.nodes.edit(id);
  std::get<Online>(node.standing).leaving = false;
  if (node.drain && is_of_its_host(node.drain->cause)) node.drain.reset();
  if (node.drain && has_deadline_of_shutdown(*node.drain)) node.drain->deadline.reset();
  for (const auto& seat : state.vms.on(id)) state.vms.edit(seat.vm).waits_for.clear();
  tell(state, id, node.drain ? "stays after all" : "takes VMs again");
}

/// A longer budget is as good as none, and sums stay far from any overflow.
constexpr ClusterTime budget_limit{std::chrono::days{30}};

/// Which of two causes of a drain stays: the one that outlives the other.
DrainCause lasting(DrainCause left, DrainCause right) {
  for (const auto cause : {DrainCause::maintenance, DrainCause::operator_request,
                           DrainCause::shutdown, DrainCause::battery}) {
    if (left == cause || right == cause) return cause;
  }
  return DrainCause::failing;
}

}  // namespace

ClusterTime backoff(std::uint32_t failures) {
  if (failures == 0) return ClusterTime{0};
  const auto doubled = ClusterTime{1000} * (std::int64_t{1} << std::min(failures - 1, 10U));
  return std::min(doubled, backoff_limit);
}

void tell(State& state, const std::string& subject, std::string text) {
  state.log.push_back({subject, std::move(text)});
}
void tell(State& state, const VmId& vm, std::string text) {
  tell(state, vm.get(), std::move(text));
}
void tell(State& state, NodeId node, std::string text) {
  tell(state, name_of(state, node), std::move(text));
}

void apply_event(State& state, const ViewChanged& event) {
  const bool went_on = goes_on_alone(state);
  state.epoch = event.epoch;
  for (const auto& named : event.configured) {
    const auto known = state.nodes.find(named.id);
    if (known == state.nodes.end()) {
      state.nodes.emplace(named.id, {.name = named.name, .standing = Unseen{state.now}});
    } else if (known->second.name != named.name) {
      state.nodes.edit(named.id).name = named.name;
    }
  }
  const auto is_here = [&](NodeId id) {
    return std::ranges::any_of(event.here, [&](const NodeHere& one) { return one.id == id; });
  };
  const auto farewell = good_byes(state, event);
  for (const auto& [id, node] : state.nodes) {
    if (!is_here(id)) node_went(state, id, event.continuity, farewell);
  }
  for (const auto& came : event.here) node_came(state, came);
  // A fence device is asked by a member; one that is gone cannot tell how it went.
  std::vector<NodeId> gone;
  for (const auto& [id, node] : state.nodes) {
    if (node.fencing && node.fencing->by != NodeId() && !is_here(node.fencing->by)) {
      auto& fencing = *state.nodes.edit(id).fencing;
      fencing.by = NodeId();
      fencing.next_try = state.now;
    }
    const bool configured = std::ranges::any_of(
        event.configured, [&](const NodeNamed& named) { return named.id == id; });
    if (!configured && !is_here(id) && is_empty(state, id)) gone.push_back(id);
  }
  for (const auto id : gone) state.nodes.erase(id);
  if (!went_on && goes_on_alone(state)) {
    state.term += 1;
    tell(state, "cluster", "goes on without a majority: all other nodes have left");
  }
}

void apply_event(State& state, const Tick& event) {
  state.now += std::clamp(event.elapsed, std::chrono::milliseconds{0}, tick_limit);
  end_quiet_quarantines(state);
  for (const auto& [id, node] : state.nodes) {
    const auto due = reset_due_in(state, node);
    if (!due || *due > ClusterTime{0}) continue;
    prove_off(state, id, "its watchdog of " + seconds(node.watchdog) + " has reset it");
  }
}

void apply_event(State& state, const WatchdogArmed& event) {
  const auto* here = online(state, event.node);
  if (here == nullptr || here->incarnation != event.incarnation) return;
  auto& node = state.nodes.edit(event.node);
  if (node.watchdog == event.timeout) return;
  node.watchdog = event.timeout;
  tell(state, event.node,
       event.timeout.count() == 0
           ? "has disarmed its watchdog"
           : "has armed its watchdog: without quorum it is reset within " + seconds(event.timeout));
}

void apply_event(State& state, const NodeLeaving& event) {
  const auto* here = online(state, event.node);
  if (event.stays) {
    if (is_told_to_go(state, event.node)) stay(state, event.node);
    return;
  }
  if (here == nullptr || here->leaving) return;
  if (!is_empty(state, event.node)) {
    state.refused = name_of(state, event.node) + " cannot leave cleanly: it may still run guests";
    return;
  }
  std::get<Online>(state.nodes.edit(event.node).standing).leaving = true;
  tell(state, event.node, "is empty and goes down");
}

void apply_event(State& state, const DrainRequested& event) {
  auto& node = state.nodes.edit(event.node);
  if (!node.drain) {
    node.drain = Drain{.cause = event.cause, .why = event.why, .since = state.now};
  } else {
    node.drain->why = event.why;
    node.drain->cause = lasting(node.drain->cause, event.cause);
  }
  if (event.budget) {
    const auto budget = std::clamp(*event.budget, ClusterTime{0}, budget_limit);
    node.drain->deadline = Deadline{state.now, state.now + budget, event.cause};
  }
  tell(state, event.node,
       (event.cause == DrainCause::maintenance ? "goes into maintenance" : "is to be drained") +
           in_brackets(event.why));
}

void apply_event(State& state, const UndrainRequested& event) {
  auto& node = state.nodes.edit(event.node);
  node.drain.reset();
  if (node.quarantine) node.losses.clear();
  node.quarantine.reset();
  for (const auto& seat : state.vms.on(event.node)) state.vms.edit(seat.vm).waits_for.clear();
  tell(state, event.node, "takes VMs again");
}

void apply_event(State& state, const FenceReported& event) {
  const auto found = state.nodes.find(event.node);
  if (found == state.nodes.end()) return;
  if (!found->second.fencing || found->second.fencing->by != event.by ||
      online(state, event.node) != nullptr) {
    return;
  }
  if (event.proved_off) {
    prove_off(state, event.node, event.detail);
    return;
  }
  auto& fencing = *state.nodes.edit(event.node).fencing;
  fencing.by = NodeId();
  fencing.failures += 1;
  fencing.next_try = state.now + backoff(fencing.failures);
  fencing.last_error = event.detail;
  tell(state, event.node,
       "could not be proved off by " + name_of(state, event.by) + ": " + event.detail);
}

void apply_event(State& state, const OffConfirmed& event) {
  prove_off(state, event.node, event.who + " says so");
}

void apply_event(State& state, const VmDefined& event) {
  state.vms[event.vm].spec = event.spec;
  tell(state, event.vm, "was defined (" + mib(event.spec.memory_kib) + ")");
}

void apply_event(State& state, const VmWanted& event) {
  auto& vm = state.vms.edit(event.vm);
  vm.wanted = event.wanted;
  vm.stop_force = event.force;
  vm.waits_for.clear();
  vm.given_up = false;
  vm.start_failures = 0;
  vm.move_failures = 0;
  vm.crashes = 0;
  vm.avoid.clear();
  vm.not_before = state.now;
  vm.wants_move = false;
  vm.held_for = NodeId();
  if (event.wanted != Wanted::running) vm.home = NodeId();
  if (std::holds_alternative<Alarm>(vm.phase)) {
    vm.phase = vm.may_run_on.empty() ? Phase(Stopped{}) : Phase(Unsure{});
  }
  tell(state, event.vm,
       event.wanted == Wanted::running   ? "is wanted running"
       : event.wanted == Wanted::stopped ? "is wanted stopped"
                                         : "is to be removed");
  if (event.wanted == Wanted::removed && std::holds_alternative<Stopped>(vm.phase)) {
    forget_vm(state, event.vm);
  }
}

void apply_event(State& state, const VmMigrateRequested& event) {
  auto& vm = state.vms.edit(event.vm);
  vm.wants_move = true;
  vm.move_to = event.to;
  vm.move_failures = 0;
  vm.not_before = state.now;
  tell(state, event.vm,
       event.to ? "is wanted on " + name_of(state, *event.to) : "is wanted elsewhere");
}

State apply(State state, const Event& event) {
  state.index = EventIndex(state.index.get() + 1);
  state.vms.settle();
  state.log.clear();
  state.refused.clear();
  if (const auto granted = check_request(state, event); !granted) {
    state.refused = granted.error().text;
    return state;
  }
  std::visit([&](const auto& one) { apply_event(state, one); }, event);
  state.vms.settle();
  return state;
}

bool is_news(const State& state, const InventoryReported& report) {
  const auto after = apply(state, report);
  return !after.log.empty() || after.nodes != state.nodes || after.vms != state.vms;
}

}  // namespace upbeat
