// SPDX-License-Identifier: Apache-2.0
// One simulated host: its power, its engine, its hypervisor, its disk, and the daemon on it.
#include "sim/machine.h"

#include <algorithm>
#include <utility>

#include "sim/gated_ports.h"

namespace upbeat {
namespace {

/// systemd's RestartSec for a daemon that could not start.
constexpr std::chrono::seconds restart_pause{5};
/// A daemon that is not in step for longer than a view takes to be agreed on is worth a line; one
/// that has just begun first has to meet the others.
constexpr std::chrono::milliseconds agreeing_patience{500};
constexpr std::chrono::milliseconds meeting_patience{5'000};

}  // namespace

struct Machine::Daemon {
  Daemon(Machine& machine, Surroundings& around)
      : clock(around.clock, gate, machine.wall_error_),
        engine(around.network, machine.facts_.id, gate, around.tamper),
        hypervisor(machine.host(), gate),
        fencer(clock, around.strip, gate),
        shutdown(*machine.shutdown_, gate),
        node({engine, hypervisor, fencer, shutdown, clock, machine.disk_, machine.watchdog_.get()},
             {.memory_kib = machine.facts_.memory_kib,
              .host_reserve_kib = machine.facts_.reserve_kib,
              .shutdown_budget = machine.facts_.shutdown_budget,
              .release = machine.release_,
              .watchdog_timeout = machine.facts_.watchdog}) {}

  Gate gate;
  GatedClock clock;
  GatedEngine engine;
  GatedHypervisor hypervisor;
  GatedFencer fencer;
  GatedShutdown shutdown;
  Node node;
  Timer going_on;
  std::optional<bool> ending;  ///< it was told to end; whether the next one is to begin then
  Timer gone;
  bool in_step = false;
  bool told_out_of_step = false;
  Timer out_of_step;
};

Machine::Machine(Surroundings& around, MachineFacts facts, MachineListener& listener)
    : around_(around), facts_(std::move(facts)), listener_(listener) {
  around_.hosts.add(
      facts_.name,
      {.memory_kib = facts_.memory_kib, .cores = facts_.cores, .hypervisor = "simulated"});
  host().cut_power();
  around_.network.crash(facts_.id);
}

Machine::~Machine() = default;

void Machine::begin_running() {
  host().power_on();
  come_up();
}

void Machine::power_on() {
  if (powered_ || booting_) return;
  booting_ = around_.clock.after(facts_.boot_time, [this] {
    booting_.reset();
    host().power_on();
    come_up();
  });
}

void Machine::come_up() {
  powered_ = true;
  around_.network.start(facts_.id);
  // A machine that boots knows nothing of an earlier shutdown.
  shutdown_ = std::make_unique<SimulatedMachine>(
      around_.clock, facts_.shutdown_budget, [this] { around_.clock.post([this] { go_down(); }); });
  if (facts_.watchdog.count() != 0) {
    watchdog_ = std::make_unique<SimulatedWatchdog>(
        around_.clock, [this] { around_.clock.post([this] { watchdog_fires(); }); });
  }
  listener_.on_power(facts_.id, PowerState::on, "it is up");
  start_daemon();
}

void Machine::lose_power(const std::string& why) {
  booting_.reset();
  if (!std::exchange(powered_, false)) return;
  kill_daemon();
  around_.network.crash(facts_.id);
  host().cut_power();
  disk_.cut_power();
  shutdown_.reset();
  watchdog_.reset();
  listener_.on_power(facts_.id, PowerState::off, why);
}

void Machine::shut_down(GoingTo to) {
  if (!powered_ || shutdown_->under_way()) return;
  going_to_ = to;
  shutdown_->announce(to == GoingTo::reboot ? "reboot" : "poweroff");
}

void Machine::cancel_shutdown() {
  if (powered_) shutdown_->cancel();
}

void Machine::ail(const std::string& why) {
  if (powered_) shutdown_->ail(why);
}

void Machine::recover() {
  if (powered_) shutdown_->recover();
}

void Machine::go_down() {
  if (!powered_ || !shutdown_->under_way()) return;
  lose_power(going_to_ == GoingTo::reboot ? "it reboots" : "it is powered off");
  if (going_to_ == GoingTo::reboot && around_.strip.state(facts_.name) == PowerState::on) {
    power_on();
  }
}

void Machine::watchdog_fires() {
  if (!powered_) return;
  lose_power("its watchdog has reset it");
  if (around_.strip.state(facts_.name) == PowerState::on) power_on();
}

void Machine::stop_daemon() { end_daemon(false); }

void Machine::restart_daemon() { end_daemon(true); }

void Machine::end_daemon(bool begin_again) {
  if (!daemon_ || !daemon_->gate.open()) {
    kill_daemon();
    if (begin_again) start_daemon();
    return;
  }
  if (std::exchange(daemon_->ending, begin_again)) return;
  daemon_->node.end([this] {
    daemon_->gone = around_.clock.after(std::chrono::nanoseconds(0), [this] {
      const bool again = *daemon_->ending;
      kill_daemon();
      if (again) start_daemon();
    });
  });
}

void Machine::kill_daemon() {
  restart_.cancel();
  daemon_.reset();
}

void Machine::start_daemon() {
  if (daemon_ && daemon_->ending) daemon_->ending = true;
  if (!powered_ || daemon_) return;
  daemon_ = std::make_unique<Daemon>(*this, around_);
  if (!cable_whole_) daemon_->fencer.cut_cable();
  well_since_ = around_.clock.now();
  daemon_->node.set_witness([this](const State& before, const Event& event) {
    listener_.on_applied(facts_.id, before, event);
  });
  daemon_->node.set_log([this](const std::string& text) { said(text); });
  const auto started = daemon_->node.start();
  if (started) return tell_unless_in_step(meeting_patience);
  listener_.on_daemon(facts_.id, "its daemon does not start: " + started.error().text);
  daemon_.reset();
  restart_ = around_.clock.after(restart_pause, [this] { start_daemon(); });
}

void Machine::said(const std::string& text) {
  if (daemon_->node.in_step() != daemon_->in_step) return step_changed();
  listener_.on_said(facts_.id, text);
}

void Machine::step_changed() {
  daemon_->in_step = !daemon_->in_step;
  if (!daemon_->in_step) {
    listener_.on_out_of_step(facts_.id, daemon_->node.trouble());
    return tell_unless_in_step(agreeing_patience);
  }
  daemon_->out_of_step.cancel();
  if (std::exchange(daemon_->told_out_of_step, false)) {
    listener_.on_said(facts_.id, "is in step with the cluster");
  }
}

void Machine::tell_unless_in_step(std::chrono::milliseconds patience) {
  daemon_->out_of_step = daemon_->clock.after(patience, [this] {
    daemon_->told_out_of_step = true;
    listener_.on_said(facts_.id, "begins nothing new: " + daemon_->node.trouble());
  });
}

void Machine::stall_daemon(std::chrono::milliseconds span) {
  if (!daemon_) return;
  daemon_->gate.stand_still();
  daemon_->going_on = around_.clock.after(span, [this] {
    well_since_ = around_.clock.now();
    daemon_->gate.go_on();
  });
}

void Machine::set_cable(bool whole) {
  cable_whole_ = whole;
  if (!daemon_) return;
  whole ? daemon_->fencer.mend_cable() : daemon_->fencer.cut_cable();
}

Node* Machine::node() { return daemon_ ? &daemon_->node : nullptr; }
const Node* Machine::node() const { return daemon_ ? &daemon_->node : nullptr; }

bool Machine::stands_still() const { return daemon_ && !daemon_->gate.open(); }

std::optional<MonotonicTime> Machine::well_since() const {
  if (!powered_ || !daemon_ || !daemon_->gate.open()) return std::nullopt;
  return well_since_;
}

}  // namespace upbeat
