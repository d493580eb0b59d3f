// SPDX-License-Identifier: Apache-2.0
// The cluster's state to Protocol Buffers and back.
#include "base/printable.h"
#include "wire/convert.h"

namespace upbeat::wire {

namespace {

// --- nodes -------------------------------------------------------------------------------------

void put_standing(const Standing& in, v1::NodeRecord& out) {
  std::visit(Overloaded{
                 [&](const Unseen& s) {
                   const auto& [since] = s;
                   out.mutable_unseen()->set_since_ms(to_ms(since));
                 },
                 [&](const Online& s) {
                   const auto& [incarnation, member_since, reported, leaving] = s;
                   v1::Online& online = *out.mutable_online();
                   online.set_incarnation(incarnation);
                   online.set_member_since(member_since.get());
                   online.set_reported(reported);
                   online.set_leaving(leaving);
                 },
                 [&](const Lost& s) {
                   const auto& [since, daemon_went_first, settles_at] = s;
                   out.mutable_lost()->set_since_ms(to_ms(since));
                   out.mutable_lost()->set_settles_at_ms(to_ms(settles_at));
                   out.mutable_lost()->set_daemon_went_first(daemon_went_first);
                 },
                 [&](const Left& /*s*/) { out.mutable_left(); },
                 [&](const ProvedOff& s) {
                   const auto& [proof] = s;
                   out.mutable_proved_off()->set_proof(proof);
                 },
             },
             in);
}

Standing take_standing(const v1::NodeRecord& in, Reading& reading) {
  switch (in.standing_case()) {
    case v1::NodeRecord::kUnseen:
      return Unseen{from_ms(in.unseen().since_ms())};
    case v1::NodeRecord::kOnline:
      return Online{.incarnation = in.online().incarnation(),
                    .member_since = Epoch(in.online().member_since()),
                    .reported = in.online().reported(),
                    .leaving = in.online().leaving()};
    case v1::NodeRecord::kLost:
      return Lost{from_ms(in.lost().since_ms()), in.lost().daemon_went_first(),
                  from_ms(in.lost().settles_at_ms())};
    case v1::NodeRecord::kLeft:
      return Left{};
    case v1::NodeRecord::kProvedOff:
      return ProvedOff{in.proved_off().proof()};
    case v1::NodeRecord::STANDING_NOT_SET:
      break;
  }
  reading.unknown("how node #" + std::to_string(in.id()) + " stands");
  return Unseen{};
}

void put(const Drain& in, v1::Drain& out) {
  const auto& [cause, why, since, deadline] = in;
  out.set_cause(to_wire(cause));
  out.set_why(why);
  out.set_since_ms(to_ms(since));
  if (!deadline) return;
  const auto& [set_at, at, by] = *deadline;
  out.mutable_deadline()->set_set_at_ms(to_ms(set_at));
  out.mutable_deadline()->set_at_ms(to_ms(at));
  if (by != DrainCause::shutdown) out.mutable_deadline()->set_by(to_wire(by));
}

Drain take(const v1::Drain& in, Reading& reading) {
  Drain out{
      .cause = wire::take(in.cause(), reading), .why = in.why(), .since = from_ms(in.since_ms())};
  if (in.has_deadline()) {
    const auto& deadline = in.deadline();
    out.deadline = Deadline{from_ms(deadline.set_at_ms()), from_ms(deadline.at_ms())};
    if (deadline.by() != v1::DRAIN_CAUSE_UNSPECIFIED) {
      out.deadline->by = wire::take(deadline.by(), reading);
    }
  }
  return out;
}

void put(const Fencing& in, v1::Fencing& out) {
  const auto& [by, since, failures, next_try, last_error] = in;
  out.set_by(by.get());
  out.set_since(since.get());
  out.set_failures(failures);
  out.set_next_try_ms(to_ms(next_try));
  out.set_last_error(last_error);
}

Fencing take(const v1::Fencing& in) {
  return {.by = NodeId(in.by()),
          .since = EventIndex(in.since()),
          .failures = in.failures(),
          .next_try = from_ms(in.next_try_ms()),
          .last_error = in.last_error()};
}

void put(const NodeRecord& in, v1::NodeRecord& out) {
  const auto& [name, standing, capacity, foreign, drain, fencing, watchdog, losses, quarantine] =
      in;
  out.set_name(name);
  put_standing(standing, out);
  wire::put(capacity, *out.mutable_capacity());
  put_list(foreign, *out.mutable_foreign());
  if (drain) put(*drain, *out.mutable_drain());
  if (fencing) put(*fencing, *out.mutable_fencing());
  out.set_watchdog_ms(to_ms(watchdog));
  for (const auto at : losses) out.add_losses_ms(to_ms(at));
  if (!quarantine) return;
  const auto& [since, why] = *quarantine;
  out.mutable_quarantine()->set_since_ms(to_ms(since));
  out.mutable_quarantine()->set_why(why);
}

NodeRecord take(const v1::NodeRecord& in, Reading& reading) {
  NodeRecord out{.name = in.name(),
                 .standing = take_standing(in, reading),
                 .capacity = wire::take(in.capacity(), reading),
                 .foreign = take_list(in.foreign(), reading),
                 .drain = {},
                 .fencing = {},
                 .watchdog = from_ms(in.watchdog_ms()),
                 .losses = {},
                 .quarantine = {}};
  if (in.has_drain()) out.drain = take(in.drain(), reading);
  if (in.has_fencing()) out.fencing = take(in.fencing());
  if (in.has_quarantine()) {
    out.quarantine = Quarantine{from_ms(in.quarantine().since_ms()), in.quarantine().why()};
  }
  if (!fits(in.losses_ms_size(), reading)) return out;
  for (const std::int64_t at : in.losses_ms()) out.losses.push_back(from_ms(at));
  return out;
}

// --- guests ------------------------------------------------------------------------------------

void put(const Migrating& in, v1::Migrating& out) {
  const auto& [from, to, since, begun_at, step, ended, landed, called_off, given_up, progress] = in;
  out.set_from(from.get());
  out.set_to(to.get());
  out.set_since(since.get());
  out.set_begun_at_ms(to_ms(begun_at));
  if (step != MoveStep::live) out.set_step(to_wire(step));
  out.set_ended(ended);
  out.set_landed(landed);
  if (called_off) out.set_called_off(called_off->get());
  out.set_given_up(given_up);
  if (progress) wire::put(*progress, *out.mutable_progress());
}

Migrating take(const v1::Migrating& in, Reading& reading) {
  Migrating out{.from = NodeId(in.from()),
                .to = NodeId(in.to()),
                .since = EventIndex(in.since()),
                .begun_at = from_ms(in.begun_at_ms()),
                .step = {},
                .ended = in.ended(),
                .landed = in.landed(),
                .called_off = {},
                .given_up = in.given_up(),
                .progress = {}};
  if (in.step() != v1::MOVE_STEP_UNSPECIFIED) out.step = wire::take(in.step(), reading);
  if (in.has_called_off()) out.called_off = EventIndex(in.called_off());
  if (in.has_progress()) out.progress = wire::take(in.progress(), reading);
  return out;
}

void put(const Stopping& in, v1::Stopping& out) {
  const auto& [on, since, asked_at, force] = in;
  out.set_on(on.get());
  out.set_since(since.get());
  out.set_asked_at_ms(to_ms(asked_at));
  out.set_force(to_wire(force));
}

Stopping take(const v1::Stopping& in, Reading& reading) {
  return {.on = NodeId(in.on()),
          .since = EventIndex(in.since()),
          .asked_at = from_ms(in.asked_at_ms()),
          .force = wire::take(in.force(), reading)};
}

void put_phase(const Phase& in, v1::VmRecord& out) {
  std::visit(Overloaded{
                 [&](const Stopped& /*p*/) { out.mutable_stopped(); },
                 [&](const Starting& p) {
                   const auto& [on, since] = p;
                   out.mutable_starting()->set_on(on.get());
                   out.mutable_starting()->set_since(since.get());
                 },
                 [&](const Running& p) {
                   const auto& [on, since] = p;
                   out.mutable_running()->set_on(on.get());
                   out.mutable_running()->set_since_ms(to_ms(since));
                 },
                 [&](const Migrating& p) { put(p, *out.mutable_migrating()); },
                 [&](const Stopping& p) { put(p, *out.mutable_stopping()); },
                 [&](const Unsure& /*p*/) { out.mutable_unsure(); },
                 [&](const Alarm& p) {
                   const auto& [what] = p;
                   out.mutable_alarm()->set_what(what);
                 },
             },
             in);
}

Phase take_phase(const v1::VmRecord& in, Reading& reading) {
  switch (in.phase_case()) {
    case v1::VmRecord::kStopped:
      return Stopped{};
    case v1::VmRecord::kStarting:
      return Starting{NodeId(in.starting().on()), EventIndex(in.starting().since())};
    case v1::VmRecord::kRunning:
      return Running{NodeId(in.running().on()), from_ms(in.running().since_ms())};
    case v1::VmRecord::kMigrating:
      return take(in.migrating(), reading);
    case v1::VmRecord::kStopping:
      return take(in.stopping(), reading);
    case v1::VmRecord::kUnsure:
      return Unsure{};
    case v1::VmRecord::kAlarm:
      return Alarm{in.alarm().what()};
    case v1::VmRecord::PHASE_NOT_SET:
      break;
  }
  reading.unknown("the phase of guest " + printable(in.vm(), quote_limit_bytes));
  return Unsure{};
}

void put(const VmRecord& in, v1::VmRecord& out) {
  const auto& [spec, wanted, stop_force, phase, may_run_on, wants_move, move_to, start_failures,
               move_failures, crashes, avoid, not_before, waits_for, given_up, last_error,
               last_move, failback, home, last_on, held_for] = in;
  wire::put(spec, *out.mutable_spec());
  out.set_wanted(to_wire(wanted));
  out.set_stop_force(to_wire(stop_force));
  put_phase(phase, out);
  for (const auto& [node, denied_from] : may_run_on) {
    v1::MayRunOn& may = *out.add_may_run_on();
    may.set_node(node.get());
    may.set_denied_from(denied_from.get());
  }
  out.set_wants_move(wants_move);
  if (move_to) out.set_move_to(move_to->get());
  out.set_start_failures(start_failures);
  out.set_move_failures(move_failures);
  out.set_crashes(crashes);
  for (const NodeId node : avoid) out.add_avoid(node.get());
  out.set_not_before_ms(to_ms(not_before));
  out.set_waits_for(waits_for);
  out.set_given_up(given_up);
  out.set_last_error(last_error);
  if (last_move) wire::put(*last_move, *out.mutable_last_move());
  out.set_failback(to_wire(failback));
  out.set_home(home.get());
  out.set_last_on(last_on.get());
  out.set_held_for(held_for.get());
}

VmRecord take(const v1::VmRecord& in, Reading& reading) {
  VmRecord out{.spec = wire::take(in.spec(), reading),
               .wanted = wire::take(in.wanted(), reading),
               .stop_force = wire::take(in.stop_force(), reading),
               .phase = take_phase(in, reading),
               .may_run_on = {},
               .wants_move = in.wants_move(),
               .move_to = {},
               .start_failures = in.start_failures(),
               .move_failures = in.move_failures(),
               .crashes = in.crashes(),
               .avoid = {},
               .not_before = from_ms(in.not_before_ms()),
               .waits_for = in.waits_for(),
               .given_up = in.given_up(),
               .last_error = in.last_error(),
               .last_move = {},
               .failback = take_optional(in.failback(), reading),
               .home = NodeId(in.home()),
               .last_on = NodeId(in.last_on()),
               .held_for = NodeId(in.held_for())};
  if (in.has_last_move()) out.last_move = wire::take(in.last_move(), reading);
  if (in.has_move_to()) out.move_to = NodeId(in.move_to());
  if (!fits(in.may_run_on_size(), reading) || !fits(in.avoid_size(), reading)) return out;
  for (const v1::MayRunOn& may : in.may_run_on())
    append(out.may_run_on, NodeId(may.node()), EventIndex(may.denied_from()),
           "the nodes that may run a guest", reading);
  for (const std::uint32_t node : in.avoid()) out.avoid.emplace_back(node);
  return out;
}

}  // namespace

void put(const State& in, v1::State& out) {
  const auto& [index, epoch, term, now, nodes, vms, rules, policy, log, refused] =
      in;  // the last two stay here
  out.set_index(index.get());
  out.set_epoch(epoch.get());
  out.set_term(term);
  out.set_now_ms(to_ms(now));
  for (const auto& [id, node] : nodes) {
    v1::NodeRecord& record = *out.add_nodes();
    record.set_id(id.get());
    put(node, record);
  }
  for (const auto& [id, vm] : vms) {
    v1::VmRecord& record = *out.add_vms();
    record.set_vm(id.get());
    put(vm, record);
  }
  for (const auto& [name, rule] : rules) wire::put(rule, *out.add_rules());
  if (policy != Policy{}) wire::put(policy, *out.mutable_policy());
}

State take(const v1::State& in, Reading& reading) {
  State out;
  out.index = EventIndex(in.index());
  out.epoch = Epoch(in.epoch());
  out.term = in.term();
  out.now = from_ms(in.now_ms());
  if (!fits(in.nodes_size(), reading) || !fits(in.vms_size(), reading) ||
      !fits(in.rules_size(), reading)) {
    return out;
  }
  for (const v1::NodeRecord& node : in.nodes())
    append(out.nodes, NodeId(node.id()), take(node, reading), "its nodes", reading);
  for (const v1::VmRecord& vm : in.vms())
    append(out.vms, VmId(vm.vm()), take(vm, reading), "its guests", reading);
  for (const v1::Rule& rule : in.rules())
    append(out.rules, RuleId(rule.name()), wire::take(rule, reading), "its rules", reading);
  if (in.has_policy()) out.policy = wire::take(in.policy(), reading);
  return out;
}

}  // namespace upbeat::wire
