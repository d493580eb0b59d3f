// SPDX-License-Identifier: Apache-2.0
// Hosts with guests in virtual time, and everything that can go wrong with them.
#include "hypervisor/simulated_hosts.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "hypervisor/domain_xml.h"
#include "hypervisor/simulated_hypervisor.h"
#include "hypervisor/simulated_migration.h"

namespace upbeat {
namespace {

using std::chrono::milliseconds;

std::pair<std::string, std::string> wire(const std::string& a, const std::string& b) {
  return std::minmax(a, b);
}

/// What libvirt does for a definition without a uuid, but the same in each run.
std::string uuid_of(std::uint64_t instance) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "00000000-0000-4000-8000-%012llx",
                static_cast<unsigned long long>(instance));
  return text.data();
}

}  // namespace

SimulatedHost::SimulatedHost(SimulatedHosts& world, std::string name, HostFacts facts)
    : world_(world), name_(std::move(name)), facts_(std::move(facts)) {}
SimulatedHost::~SimulatedHost() = default;

void SimulatedHost::cut_power() {
  powered_ = false;
  ++life_;
  daemon_ = Daemon::down;
  guests_.clear();
  asked_while_hung_.clear();
  start_failure_.reset();
  migration_failures_.clear();
  if (client_ != nullptr) std::exchange(client_, nullptr)->fall_silent();
}

void SimulatedHost::power_on() {
  if (powered_) return;
  powered_ = true;
  daemon_ = Daemon::up;
}

void SimulatedHost::stop_hypervisor() {
  if (!powered_ || daemon_ == Daemon::down) return;
  daemon_ = Daemon::down;
  asked_while_hung_.clear();
  if (client_ != nullptr) client_->lost("it closed the connection");
  world_.abort_migrations(*this, "the hypervisor of " + name_ + " was stopped");
}

void SimulatedHost::hang_hypervisor() {
  if (!powered_ || daemon_ != Daemon::up) return;
  daemon_ = Daemon::hung;
  later(world_.traits().keepalive_ms, [this, hang = ++hangs_] {
    if (daemon_ == Daemon::hung && hang == hangs_ && client_ != nullptr) {
      client_->lost("it gave no sign of life");
    }
  });
}

void SimulatedHost::start_hypervisor() {
  if (!powered_ || daemon_ == Daemon::up) return;
  daemon_ = Daemon::up;
  for (const auto& work : std::exchange(asked_while_hung_, {})) work();
  if (client_ != nullptr) client_->may_come_back();
}

void SimulatedHost::kill_guest(const VmId& vm) { remove(vm, GoneCause::crashed); }
void SimulatedHost::power_off_guest(const VmId& vm) { remove(vm, GoneCause::shut_down); }

void SimulatedHost::fail_next_migration(MigrationEnd end, std::string why) {
  migration_failures_.insert_or_assign(end, std::move(why));
}

std::vector<Guest> SimulatedHost::guests() const {
  std::vector<Guest> all;
  for (const auto& [vm, running] : guests_) all.push_back(running.guest);
  return all;
}

bool SimulatedHost::runs(const VmId& vm) const {
  const auto found = guests_.find(vm);
  return found != guests_.end() && found->second.guest.phase == GuestPhase::running;
}

bool SimulatedHost::answers(const VmId& vm) const {
  return runs(vm) && guests_.at(vm).answers_from <= world_.clock().now();
}

void SimulatedHost::perform(std::function<void()> work) {
  if (daemon_ == Daemon::hung) {
    asked_while_hung_.push_back(std::move(work));
  } else if (daemon_ == Daemon::up) {
    work();
  }
}

void SimulatedHost::later(std::int64_t delay_ms, std::function<void()> call) {
  world_.later(delay_ms, std::move(call), this, life_);
}

void SimulatedHost::tell(std::function<void(HypervisorListener&)> news) {
  perform([this, news = std::move(news)] {
    if (client_ != nullptr) client_->hear(news);
  });
}

void SimulatedHost::tell_running(const VmId& vm) {
  tell([vm](HypervisorListener& listener) { listener.on_guest_running(vm); });
}

void SimulatedHost::remove(const VmId& vm, GoneCause cause) {
  if (guests_.erase(vm) == 0) return;
  changed(vm, cause);
  tell([vm, cause](HypervisorListener& listener) { listener.on_guest_gone(vm, cause); });
  world_.guest_left(*this, vm);
}

std::optional<std::uint64_t> SimulatedHost::instance(const VmId& vm) const {
  const auto found = guests_.find(vm);
  if (found == guests_.end()) return std::nullopt;
  return found->second.instance;
}

std::uint64_t SimulatedHost::free_kib() const {
  std::uint64_t used = 0;
  for (const auto& [vm, running] : guests_) used += running.guest.memory_kib;
  return facts_.memory_kib - std::min(facts_.memory_kib, used);
}

void SimulatedHost::run_guest(const VmId& vm, MonotonicTime answers_from) {
  auto& running = guests_.at(vm);
  running.guest.phase = GuestPhase::running;
  running.answers_from = answers_from;
  changed(vm);
  tell_running(vm);
}

void SimulatedHost::changed(const VmId& vm, std::optional<GoneCause> gone) const {
  if (world_.watcher_) world_.watcher_(*this, vm, gone);
}

void SimulatedHost::begin_with(const VmId& vm, const std::string& uuid, std::uint64_t memory_kib) {
  guests_[vm] = {{vm, uuid, memory_kib, GuestPhase::running}, {}, world_.next_instance(), {}, {}};
  changed(vm);
}

Result<void> SimulatedHost::begin_start(const VmId& vm, const DomainFacts& facts) {
  const std::string attempt = "cannot start " + vm.get() + " on " + name_ + ": ";
  if (guests_.contains(vm)) return fail(attempt + "it is here already");
  if (auto why = std::exchange(start_failure_, std::nullopt)) return fail(attempt + *why);
  if (auto& failures = world_.start_failures_[vm]; failures > 0) {
    --failures;
    return fail(attempt + "its disk cannot be opened; look at its storage");
  }
  if (free_kib() < facts.memory_kib) {
    return fail(attempt + "cannot allocate memory for it; start it where there is room");
  }
  const auto number = world_.next_instance();
  const auto uuid = facts.uuid.empty() ? uuid_of(number) : facts.uuid;
  guests_[vm] = {
      {vm, uuid, facts.memory_kib, GuestPhase::running}, MonotonicTime::max(), number, {}, {}};
  changed(vm);
  return {};
}

void SimulatedHost::finish_start(const VmId& vm, const std::function<void(Result<void>)>& done) {
  const auto traits = world_.traits(vm);
  later(traits.start_ms, [this, vm, traits, done, number = instance(vm)] {
    if (instance(vm) != number) {
      return done(fail("cannot start " + vm.get() + " on " + name_ + ": it ended at once"));
    }
    run_guest(vm, world_.clock().now() + milliseconds(traits.boot_ms));
    done({});
    if (traits.life_ms == 0) return;
    later(traits.boot_ms + traits.life_ms, [this, vm, number] {
      if (instance(vm) == number) power_off_guest(vm);
    });
  });
}

void SimulatedHost::shut_down(const VmId& vm) {
  const auto traits = world_.traits(vm);
  if (traits.manner == ShutdownManner::refuses) return;
  later(traits.shutdown_ms, [this, vm, number = instance(vm)] {
    if (instance(vm) == number) power_off_guest(vm);
  });
}

SimulatedHosts::SimulatedHosts(Clock& clock, SimulatedTraits traits)
    : clock_(clock), traits_(traits) {}
SimulatedHosts::~SimulatedHosts() = default;

SimulatedHost& SimulatedHosts::add(const std::string& name, HostFacts facts) {
  auto& host = hosts_[name];
  host = std::make_unique<SimulatedHost>(*this, name, std::move(facts));
  return *host;
}

SimulatedHost* SimulatedHosts::find(const std::string& name) {
  const auto found = hosts_.find(name);
  return found == hosts_.end() ? nullptr : found->second.get();
}

GuestTraits SimulatedHosts::traits(const VmId& vm) const {
  const auto found = guest_traits_.find(vm);
  return found == guest_traits_.end() ? GuestTraits{} : found->second;
}

void SimulatedHosts::cut_wire(const std::string& a, const std::string& b) {
  cut_wires_.insert(wire(a, b));
}
void SimulatedHosts::mend_wire(const std::string& a, const std::string& b) {
  cut_wires_.erase(wire(a, b));
}

std::vector<std::string> SimulatedHosts::run_by(const VmId& vm) const {
  std::vector<std::string> names;
  for (const auto& [name, host] : hosts_) {
    if (host->runs(vm)) names.push_back(name);
  }
  return names;
}

void SimulatedHosts::later(std::int64_t delay_ms, std::function<void()> call,
                           const SimulatedHost* host, std::uint64_t life) {
  const auto id = next_pending_++;
  auto timer = clock_.after(milliseconds(delay_ms), [this, id] { run(id); });
  pending_.emplace(id, Pending{std::move(timer), std::move(call), host, life});
}

void SimulatedHosts::run(std::uint64_t id) {
  const auto pending = pending_.extract(id);
  const auto& [timer, call, host, life] = pending.mapped();
  if (host == nullptr || host->life_ == life) call();
}

bool SimulatedHosts::connected(const SimulatedHost& a, const SimulatedHost& b) const {
  return !cut_wires_.contains(wire(a.name(), b.name()));
}

SimulatedMigration* SimulatedHosts::migration(const SimulatedHost& source, const VmId& vm) {
  for (const auto& [id, migration] : migrations_) {
    if (&migration->source == &source && migration->vm == vm) return migration.get();
  }
  return nullptr;
}

void SimulatedHosts::abort_migrations(const SimulatedHost& host, const std::string& why) {
  const auto all = migrations_;
  for (const auto& [id, migration] : all) {
    if (&migration->source == &host || migration->target == &host) migration->abort(why);
  }
}

void SimulatedHosts::guest_left(const SimulatedHost& host, const VmId& vm) {
  const auto all = migrations_;
  for (const auto& [id, migration] : all) {
    if (migration->vm != vm) continue;
    if (&migration->source == &host || migration->target == &host) {
      migration->abort("the guest ended on " + host.name());
    }
  }
}

}  // namespace upbeat
