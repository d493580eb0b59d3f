// SPDX-License-Identifier: Apache-2.0
// The node's loop: what it observes becomes events, what the state asks of it becomes work.
#include "node/node.h"

#include <algorithm>
#include <utility>

#include "core/apply.h"
#include "core/decide.h"
#include "core/invariants.h"
#include "node/watchdog_fit.h"

namespace upbeat {
namespace {

Ending ending(GoneCause cause) {
  switch (cause) {
    case GoneCause::shut_down:
      return Ending::shut_down;
    case GoneCause::destroyed:
      return Ending::destroyed;
    case GoneCause::crashed:
      return Ending::crashed;
    case GoneCause::migrated:
      return Ending::migrated;
    case GoneCause::failed:
      return Ending::failed;
  }
  return Ending::crashed;
}

/// How long until cluster time proves a lost node off. None: for no node.
std::optional<ClusterTime> next_reset_in(const State& state) {
  std::optional<ClusterTime> next;
  for (const auto& [id, node] : state.nodes) {
    const auto due = reset_due_in(state, node);
    if (due && (!next || *due < *next)) next = due;
  }
  return next;
}

}  // namespace

Node::Node(NodePorts ports, NodeOptions options)
    : ports_(ports),
      options_(std::move(options)),
      replica_(ports.engine, ports.journal, ports.clock, *this, options_.release),
      work_(
          ports.hypervisor, ports.clock,
          [this](Event event) { replica_.propose(std::move(event), Repeat::until_applied); },
          [this] {
            inventory_.look_now();
            reconcile();
          }),
      inventory_(
          ports.hypervisor, ports.clock,
          [this]() -> std::optional<ReadingBasis> {
            if (!replica_.in_step()) return std::nullopt;
            return ReadingBasis{replica_.self(), replica_.incarnation(), state().epoch,
                                state().index, work_.busy(duties(state(), self()))};
          },
          [this] { return work_.busy(duties(state(), self())); },
          // What a change of view swallows is told again: until it is known, it is news.
          [this](const InventoryReported& report) {
            if (!is_news(state(), report)) return false;
            replica_.propose(report, Repeat::never);
            return true;
          },
          [this](const std::string& trouble) {
            if (trouble.empty()) {
              alarms_.erase("hypervisor");
            } else {
              alarms_["hypervisor"] = trouble;
            }
          }),
      fence_work_(
          ports.fencer, ports.clock,
          {.give_sign = [this] { give_sign(); },
           .changed = [this] { reconcile(); },
           .tell = [this](const auto& duty, const auto& result) { tell_proof(duty, result); }}),
      self_fence_(ports.watchdog, ports.clock, options_.watchdog_timeout, self_fence_hooks()),
      look_around_(ports.fencer, ports.hypervisor, ports.clock,
                   [this]() -> const State& { return state(); }),
      drill_(ports.clock, drill_hooks()) {
  inventory_.set_capacity(options_.memory_kib, options_.host_reserve_kib);
  if (ports_.announcer != nullptr) watch_networks();
  if (options_.traffic.care == MigrationTraffic::Care::taken) watch_bandwidth();
}

/// Whoever asked for it, all learn from it.
void Node::give_sign() {
  replica_.give_sign_of_life([this](const SignOfLife& sign) {
    // It may give another sign, and say anew whom to tell.
    if (const auto fed = fed_) fed(sign);
    fence_work_.on_sign_back(sign);
    if (bandwidth_) bandwidth_->back(sign.sent);
  });
}

void Node::watch_bandwidth() {
  bandwidth_.emplace(
      ports_.hypervisor, ports_.clock, options_.traffic.mib_per_s,
      BandwidthHooks{.probe =
                         [this] {
                           if (replica_.in_step()) give_sign();
                           return replica_.in_step();
                         },
                     .outgoing_kib_per_s = [this] { return work_.outgoing_kib_per_s(); },
                     .first_in_line = [this] { return work_.first_on_its_way_out(); },
                     .held_back = [this](const std::string& text) { alarm("bandwidth", text); }});
}

void Node::watch_networks() {
  announcements_.emplace(ports_.hypervisor, *ports_.announcer, ports_.clock,
                         [this](const std::string& text) { say(text); });
  inventory_.set_witness([this](const std::vector<Guest>& guests) {
    announcements_->keep_only(guests);
    for (const auto& guest : guests) {
      if (guest.phase == GuestPhase::running) guest_is_here(guest.vm);
    }
  });
}

void Node::guest_is_here(const VmId& vm) {
  if (!announcements_) return;
  const auto known = state().vms.find(vm);
  const auto* migrating =
      known == state().vms.end() ? nullptr : std::get_if<Migrating>(&known->second.phase);
  announcements_->seen(vm, migrating != nullptr && migrating->to == self() ? Arrival::migrated_in
                                                                           : Arrival::was_here);
}

Result<void> Node::start() {
  if (auto started = replica_.start(); !started) return started;
  if (announcements_) announcements_->start();
  ports_.hypervisor.start(*this);
  inventory_.begin();
  self_fence_.begin();
  if (bandwidth_) bandwidth_->begin();
  last_tick_ = ports_.clock.now();
  tick({});
  if (const auto held = ports_.shutdown.start(*this); !held) {
    alarms_["shutdown"] = held.error().text;
    say(held.error().text);
  }
  return {};
}

void Node::end(std::function<void()> ended) {
  self_fence_.retire([this, ended = std::move(ended)](const Result<void>& disarmed) {
    if (!disarmed) say(disarmed.error().text);
    ended();
  });
}

std::string Node::trouble() const {
  return frozen_ ? "it has frozen itself: " + *frozen_ : replica_.trouble();
}

std::vector<std::string> Node::alarms() const {
  std::vector<std::string> list;
  for (const auto& [what, text] : alarms_) list.push_back(text);
  return list;
}

void Node::alarm(const std::string& what, const std::string& text) {
  if (text.empty()) {
    alarms_.erase(what);
  } else if (std::exchange(alarms_[what], text) != text) {
    say(text);
  }
}

/// In step with a majority that remembers this view, or with a part that goes on without one: then
/// there is no majority elsewhere, and nobody counts on this watchdog.
bool Node::has_part() const {
  return replica_.in_step() && (!has_majority(state()) || replica_.safe() != EventIndex());
}

SelfFence::Hooks Node::self_fence_hooks() {
  return {.has_part = [this] { return has_part(); },
          .give_sign =
              [this](std::function<void(const SignOfLife&)> back) {
                fed_ = std::move(back);
                give_sign();
              },
          .is_known =
              [this](std::chrono::milliseconds timeout) {
                return state().nodes.at(self()).watchdog == timeout;
              },
          .announce =
              [this](std::chrono::milliseconds timeout) {
                replica_.propose(WatchdogArmed{self(), replica_.incarnation(), timeout},
                                 Repeat::never);
              },
          .take_back =
              [this](std::function<void(Result<void>)> done) {
                replica_.propose(WatchdogArmed{self(), replica_.incarnation(), {}},
                                 Repeat::until_applied, std::move(done));
              },
          .trouble = [this](const std::string& text) { alarm("watchdog", text); },
          .is_fit = [this]() -> Result<void> {
            const auto timing = ports_.engine.ring_timing();
            if (!timing) return std::unexpected(timing.error());
            return leaves_time_for_a_ring(options_.watchdog_timeout, *timing);
          }};
}

void Node::say(const std::string& text) const {
  if (log_) log_(text);
}

void Node::request(const Event& event, Outcome done) {
  replica_.propose(event, Repeat::until_applied, std::move(done));
}

Timer Node::follow(HistoryFollower follower) {
  auto shared = std::make_shared<HistoryFollower>(std::move(follower));
  followers_.emplace_back(shared);
  return Timer(std::move(shared));
}

void Node::on_applied(const State& before, const Event& event, const State& after) {
  auto broken = broken_invariants(before, event, after);
  // The state in which a view begins may have come from the disk or from another member.
  if (broken.empty() && std::holds_alternative<ViewChanged>(event)) {
    broken = broken_invariants(after);
  }
  if (!broken.empty() && !frozen_) {
    frozen_ = broken.front();
    say("FROZEN, nothing new is begun here until upbeatd is restarted: " + broken.front());
  }
  if (witness_) witness_(before, event);
  const auto rival = why_nothing_begins(after);
  alarm("rival", rival.empty() ? ""
                               : "nothing begins here: " + rival +
                                     "; without a fence device that answers, look yourself and say "
                                     "`upbeat node confirm-off`");
  if (std::holds_alternative<Decided>(event)) deciding_ = false;
  if (std::holds_alternative<ViewChanged>(event)) drill_.on_change();
  // The others wait for what both ends see from here on: what was read before does not count.
  if (const auto* ended = std::get_if<MigrationEnded>(&event);
      ended != nullptr && (ended->from == self() || ended->to == self())) {
    inventory_.look_now();
  }
  tell_followers(after);
  reconcile();
}

void Node::tell_followers(const State& after) {
  std::erase_if(followers_, [](const auto& follower) { return follower.expired(); });
  if (after.log.empty() || followers_.empty()) return;
  std::vector<HistoryLine> lines;
  for (const auto& line : after.log) {
    lines.push_back({after.index, ports_.clock.wall_ms(), line.subject, line.text});
  }
  for (const auto& weak : std::vector(followers_)) {
    if (const auto follower = weak.lock()) (*follower)(lines);
  }
}

/// Once per turn: what several events ask for is done together.
void Node::reconcile() {
  if (std::exchange(reconcile_posted_, true)) return;
  end_of_turn_ = ports_.clock.after(std::chrono::nanoseconds(0), [this] {
    reconcile_posted_ = false;
    if (!replica_.in_step() || frozen_) return;
    do_duties();
    take_decisions();
    go_down();
  });
}

void Node::do_duties() {
  const auto list = duties(state(), self());
  work_.keep_only(list);
  fence_work_.keep_only(list);
  for (const auto& duty : list) {
    std::visit([this](const auto& one) { do_duty(one); }, duty);
  }
}

void Node::do_duty(const RunHere& duty) {
  // Before a guest can come to life here, a majority must remember that it may be here.
  if (duty.since > replica_.safe()) return;
  work_.run(duty, self(), state().vms.at(duty.vm).spec.domain_xml);
}

void Node::do_duty(const SendAway& duty) {
  if (duty.since > replica_.safe()) return;
  const auto to = name_of(state(), duty.to);
  const bool begins = work_.send(duty, self(), to);
  if (begins) say("asks the hypervisor to move " + duty.vm.get() + " to " + to);
  if (!bandwidth_) return;
  bandwidth_->share();
  if (begins && duty.since <= inherited_) bandwidth_->inherits(duty.vm);
}

void Node::do_duty(const CallOff& duty) { work_.call_off(duty, self(), name_of(state(), duty.to)); }

void Node::do_duty(const EndHere& duty) { work_.end(duty); }

void Node::do_duty(const ProveOff& duty) {
  const auto name = name_of(state(), duty.node);
  if (fence_work_.prove_off(duty, name)) say("proves " + name + " off");
}

void Node::tell_proof(const ProveOff& duty, const Result<PowerAnswer>& result) {
  FenceReported report{.node = duty.node, .by = self()};
  report.proved_off = result && *result == PowerState::off;
  report.detail = result ? result->told_by : result.error().text;
  say(name_of(state(), duty.node) + ": " + report.detail);
  replica_.propose(std::move(report), Repeat::until_applied);
}

void Node::do_duty(const ReportInventory& /*duty*/) { inventory_.look_soon(); }

void Node::take_decisions() {
  if (deciding_ || coordinator(state()) != self()) return;
  auto decisions = decide(state());
  if (decisions.empty()) return;
  deciding_ = true;
  replica_.propose(Decided{state().epoch, std::move(decisions)}, Repeat::never);
}

void Node::tick(std::chrono::milliseconds under_way) {
  auto pause = tick_interval;
  // Guests wait for it: the tick that proves a node off comes neither sooner nor later.
  const auto due = next_reset_in(state());
  if (due && *due > under_way) pause = std::min(pause, *due - under_way);
  tick_timer_ = ports_.clock.after(pause, [this] {
    const auto elapsed =
        std::chrono::duration_cast<std::chrono::milliseconds>(ports_.clock.now() - last_tick_);
    last_tick_ = ports_.clock.now();
    if (replica_.in_step() && !frozen_ && coordinator(state()) == self()) {
      replica_.propose(Tick{elapsed}, Repeat::never);
    }
    tick(elapsed);
  });
}

void Node::on_in_step() {
  deciding_ = false;
  // Cluster time must not run ahead: what the watchdogs of lost nodes had is counted from here on.
  last_tick_ = ports_.clock.now();
  say("is in step with the cluster");
  if (!inherited_) inherited_ = state().index;
  inventory_.look_now();
  // The state that counts may be an older one, or that of a part that went on without us.
  work_.forget_after(state().index);
  fence_work_.forget_after(state().index);
  work_.tell_again(duties(state(), self()));
  if (going_down_) ask_for_drain();
  reconcile();
}

void Node::on_out_of_step(const std::string& why) {
  deciding_ = false;
  fence_work_.on_out_of_step();
  self_fence_.look();
  say("begins nothing new: " + why);
  drill_.on_change();
  if (going_down_ && going_down_->going != Going::failing) limit_wait_for_quorum();
}

void Node::on_safe() {
  self_fence_.look();
  reconcile();
}

void Node::on_disk_trouble(const Error& why) { alarm("disk", why.text); }

void Node::on_disk_well() {
  alarms_.erase("disk");
  say("the disk has taken all that it had missed");
}

void Node::on_guest_running(const VmId& vm) {
  guest_is_here(vm);
  inventory_.look_now();
}

void Node::on_guest_gone(const VmId& vm, GoneCause cause) {
  if (announcements_) announcements_->gone(vm);
  inventory_.ended(vm, ending(cause));
  inventory_.look_now();
}

void Node::on_hypervisor_back() {
  if (alarms_.erase("hypervisor") > 0) say("the hypervisor answers again");
  inventory_.look_now();
}

void Node::on_hypervisor_lost(const Error& why) { alarm("hypervisor", why.text); }

}  // namespace upbeat
