// SPDX-License-Identifier: Apache-2.0
// One live migration between two simulated hosts: pre-copy, as QEMU does it.
#include "hypervisor/simulated_migration.h"

#include <algorithm>
#include <utility>

namespace upbeat {
namespace {

/// The longest step of copying: rates are looked at anew this often.
constexpr std::int64_t copy_step_ms = 50;
/// How often an end that does not answer is looked at.
constexpr std::int64_t silent_step_ms = 100;
/// How auto-converge throttles a guest's processors, as the adapter for libvirt sets it.
constexpr std::uint32_t first_throttle_percent = 50;
constexpr std::uint32_t throttle_percent_a_round = 20;
constexpr std::uint32_t throttle_limit = 99;

std::int64_t ms_since(MonotonicTime begin, MonotonicTime now) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(now - begin).count();
}

/// How long `kib` take at `kib_per_s`, at least 1 ms.
std::int64_t ms_for(std::uint64_t kib, std::uint64_t kib_per_s) {
  return std::max<std::int64_t>(1,
                                static_cast<std::int64_t>((kib * 1000 + kib_per_s - 1) /
                                                          std::max<std::uint64_t>(kib_per_s, 1)));
}

}  // namespace

SimulatedMigration::SimulatedMigration(SimulatedHost& from, std::string to, VmId guest,
                                       std::uint64_t number, Answer answer)
    : world(from.world_),
      source(from),
      target_name(std::move(to)),
      vm(std::move(guest)),
      id(number),
      done(std::move(answer)) {}

void SimulatedMigration::start() {
  begin = world.clock().now();
  source_life = source.life_;
  target = world.find(target_name);
  if (target == nullptr) return abort("unable to resolve the address of " + target_name);
  if (target == &source) return abort("attempt to migrate the guest to the same host");
  target_life = target->life_;
  if (!source.runs(vm)) return abort("it does not run here");
  if (const auto told = source.migration_failures_.extract(MigrationEnd::source)) {
    return abort(told.mapped());
  }
  if (!target->powered_ || !world.connected(source, *target)) {
    world.later(world.traits().connect_timeout_ms, [self = shared_from_this()] {
      self->abort("no route to host " + self->target_name);
    });
    return;
  }
  if (target->daemon_ == SimulatedHost::Daemon::down) {
    return abort("unable to connect to the hypervisor of " + target_name + ": connection refused");
  }
  step(world.traits().prepare_ms, &SimulatedMigration::prepared);
}

SimulatedMigration::Ends SimulatedMigration::ends() const {
  if (source.daemon_ == SimulatedHost::Daemon::hung) return Ends::silent;
  if (!target->powered_ || target->life_ != target_life) return Ends::silent;
  if (target->daemon_ == SimulatedHost::Daemon::hung) return Ends::silent;
  return world.connected(source, *target) ? Ends::well : Ends::silent;
}

void SimulatedMigration::step(std::int64_t delay_ms, void (SimulatedMigration::*next)()) {
  world.later(delay_ms, [self = shared_from_this(), next] {
    if (self->phase == Phase::ended) return;
    // The source's power is gone and with it this migration, but the target does not know yet.
    if (!self->source.powered_ || self->source.life_ != self->source_life ||
        self->ends() != Ends::well) {
      self->waited_ms += silent_step_ms;
      if (self->waited_ms > self->world.traits().peer_timeout_ms) {
        return self->abort("no answer from the other end");
      }
      return self->step(silent_step_ms, next);
    }
    self->waited_ms = 0;
    (self.get()->*next)();
  });
}

void SimulatedMigration::prepared() {
  if (const auto told = target->migration_failures_.extract(MigrationEnd::target)) {
    return abort(told.mapped());
  }
  if (target->guests_.contains(vm)) return abort("it exists on " + target_name + " already");
  if (!source.guests_.contains(vm)) return abort("it does not run here any more");
  if (target->free_kib() < memory_kib()) {
    return abort(target_name + " cannot allocate memory for it");
  }
  auto guest = source.guests_.at(vm).guest;
  guest.phase = GuestPhase::incoming;
  const auto& here = source.guests_.at(vm);
  target->guests_[vm] = {guest, {}, world.next_instance(), here.interfaces, here.note};
  target->changed(vm);
  phase = Phase::copying;
  left_kib = memory_kib();
  rounds = 1;
  copy();
}

std::uint64_t SimulatedMigration::memory_kib() const {
  return source.guests_.at(vm).guest.memory_kib;
}

std::uint64_t SimulatedMigration::rate() const {
  std::uint64_t sharing = 0;
  for (const auto& [other_id, other] : world.migrations_) {
    const bool shares = &other->source == &source || other->target == target;
    if (shares && other->phase == Phase::copying) ++sharing;
  }
  const auto wire = world.traits().wire_kib_per_s / std::max<std::uint64_t>(sharing, 1);
  auto rate = wire;
  const auto told = source.bandwidth_kib_per_s_.find(vm);
  for (const auto limit : {world.traits(vm).migration_kib_per_s,
                           told == source.bandwidth_kib_per_s_.end() ? 0 : told->second}) {
    if (limit != 0) rate = std::min(rate, limit);
  }
  return std::max<std::uint64_t>(rate, 1);
}

std::uint64_t SimulatedMigration::dirty_rate() const {
  if (stands_still_since_) return 0;
  return world.traits(vm).dirty_kib_per_s * (100 - throttled_percent_) / 100;
}

Result<void> SimulatedMigration::hasten(MoveStep wanted) {
  if (phase != Phase::copying) {
    return fail("cannot hasten the migration of " + vm.get() + ": nothing is copied yet");
  }
  const bool slows_down = step_ < MoveStep::slowed_down && wanted == MoveStep::slowed_down;
  step_ = std::max(step_, wanted);
  if (slows_down) begin_anew();
  if (step_ == MoveStep::stand_still && !stands_still_since_) {
    stands_still_since_ = world.clock().now();
    source.guests_.at(vm).guest.phase = GuestPhase::outgoing;
    source.changed(vm);
  }
  return {};
}

/// As QEMU has to be told of it before it begins.
void SimulatedMigration::begin_anew() {
  throttled_percent_ = first_throttle_percent;
  left_kib = memory_kib();
  dirty_kib = 0;
  rounds = 1;
}

void SimulatedMigration::copy() {
  rate_kib_per_s = rate();
  if (left_kib == 0) {
    ++rounds;
    left_kib = std::exchange(dirty_kib, 0);
    const auto limit = static_cast<std::uint64_t>(pause_limit(step_).count());
    if (left_kib <= rate_kib_per_s * limit / 1000) return switch_over();
    if (throttled_percent_ > 0) {
      throttled_percent_ = std::min(throttled_percent_ + throttle_percent_a_round, throttle_limit);
    }
  }
  const auto took = std::min(copy_step_ms, ms_for(left_kib, rate_kib_per_s));
  const auto span = static_cast<std::uint64_t>(took);
  left_kib -= std::min(left_kib, rate_kib_per_s * span / 1000 + 1);
  const auto written = world.traits(vm).working_set_kib;
  dirty_kib =
      std::min(written == 0 ? memory_kib() : written, dirty_kib + dirty_rate() * span / 1000);
  step(took, &SimulatedMigration::copy);
}

void SimulatedMigration::switch_over() {
  phase = Phase::switching;
  source.guests_.at(vm).guest.phase = GuestPhase::outgoing;
  source.changed(vm);
  const auto switchover_ms = world.traits().switchover_ms + ms_for(left_kib, rate_kib_per_s);
  const auto stood_still =
      stands_still_since_ ? ms_since(*stands_still_since_, world.clock().now()) : 0;
  pause_ms_ = stood_still + switchover_ms;
  step(switchover_ms, &SimulatedMigration::switched);
}

void SimulatedMigration::switched() {
  left_kib = 0;
  target->run_guest(vm, source.guests_.at(vm).answers_from);
  // Past the point of no return: the rest is the source's own tidying, whatever happens elsewhere.
  phase = Phase::ended;
  source.later(
      world.traits().cleanup_ms,
      [self = shared_from_this(), instance = source.instance(vm)] { self->finished(instance); });
  source.bandwidth_kib_per_s_.erase(vm);
  world.migrations_.erase(id);
}

void SimulatedMigration::finished(std::optional<std::uint64_t> instance) {
  if (source.instance(vm) == instance) source.remove(vm, GoneCause::migrated);
  done(MigrationSummary{static_cast<std::uint32_t>(ms_since(begin, world.clock().now())),
                        static_cast<std::uint32_t>(pause_ms_)});
}

void SimulatedMigration::abort(const std::string& why) {
  if (phase == Phase::ended) return;
  const auto self = shared_from_this();
  const bool was_prepared = phase != Phase::preparing;
  phase = Phase::ended;
  source.bandwidth_kib_per_s_.erase(vm);
  world.migrations_.erase(id);
  // One that never began must not touch the guest: another migration may have it.
  if (was_prepared && source.life_ == source_life) {
    if (const auto here = source.guests_.find(vm); here != source.guests_.end()) {
      here->second.guest.phase = GuestPhase::running;
      source.changed(vm);
    }
  }
  if (was_prepared && target->life_ == target_life) target->remove(vm, GoneCause::failed);
  if (source.life_ == source_life) {
    done(fail("cannot migrate " + vm.get() + " to " + target_name + ": " + why +
              "; it runs on here, unless it was ended"));
  }
}

MigrationProgress SimulatedMigration::progress() const {
  const auto here = source.guests_.find(vm);
  return {here == source.guests_.end() ? 0 : here->second.guest.memory_kib, left_kib,
          rate_kib_per_s, dirty_rate(), rounds};
}

}  // namespace upbeat
