// SPDX-License-Identifier: Apache-2.0
// What this node is doing with its guests right now.
#include "node/guest_work.h"

#include <algorithm>

namespace upbeat {
namespace {

bool is_migration(const Duty& duty, const VmId& vm, EventIndex since) {
  const auto* send = std::get_if<SendAway>(&duty);
  const auto* call_off = std::get_if<CallOff>(&duty);
  return (send != nullptr && send->vm == vm && send->since == since) ||
         (call_off != nullptr && call_off->vm == vm && call_off->since == since);
}

}  // namespace

GuestWork::GuestWork(Hypervisor& hypervisor, Clock& clock, std::function<void(Event)> tell,
                     std::function<void()> changed)
    : hypervisor_(hypervisor),
      clock_(clock),
      tell_(std::move(tell)),
      changed_(std::move(changed)) {}

bool GuestWork::begin(const VmId& vm, EventIndex since, bool migration) {
  if (work_.contains(vm)) return false;
  auto& newest = tried_[vm];
  if (newest >= since) return false;
  newest = since;
  ends_.erase(vm);
  again_.erase(vm);
  work_.emplace(vm, Work{.since = since, .migration = migration});
  return true;
}

void GuestWork::conclude(const VmId& vm, const Event& end) {
  ends_.insert_or_assign(vm, End{work_.at(vm).since, end});
  tell_(end);
  finish(vm);
}

void GuestWork::tell_again(const std::vector<Duty>& duties) {
  for (const auto& [vm, end] : ends_) {
    const bool stands = std::ranges::any_of(duties, [&](const Duty& duty) {
      return duty == Duty(RunHere{vm, end.since}) || is_migration(duty, vm, end.since);
    });
    if (stands) tell_(end.told);
  }
}

void GuestWork::forget_after(EventIndex last) {
  std::erase_if(tried_, [&](const auto& entry) { return entry.second > last; });
}

void GuestWork::finish(const VmId& vm) {
  work_.erase(vm);
  changed_();
}

void GuestWork::run(const RunHere& duty, NodeId self, const std::string& domain_xml) {
  if (!begin(duty.vm, duty.since, false)) return;
  hypervisor_.create(duty.vm, domain_xml, [this, duty, self](const Result<void>& created) {
    if (created) return finish(duty.vm);
    tell_failure(duty.vm, VmStartFailed{duty.vm, self, duty.since, created.error().text});
  });
}

bool GuestWork::send(const SendAway& duty, NodeId self, const std::string& to_name) {
  const bool begun = begin(duty.vm, duty.since, true);
  if (const auto found = work_.find(duty.vm);
      found != work_.end() && found->second.since == duty.since) {
    found->second.wanted_step = duty.step;
    if (!begun) hasten(duty.vm);
  }
  if (!begun) return false;
  watch_progress(duty.vm);
  hypervisor_.migrate(duty.vm, to_name, [this, duty, self](const Result<MigrationSummary>& moved) {
    MigrationEnded ended{.vm = duty.vm, .from = self, .to = duty.to, .since = duty.since};
    if (!moved) {
      ended.why = moved.error().text;
      return tell_failure(duty.vm, std::move(ended));
    }
    ended.success = true;
    ended.total_ms = moved->total_ms;
    ended.downtime_ms = moved->downtime_ms;
    conclude(duty.vm, ended);
  });
  return true;
}

/// What it is not ready for is asked again at the next look at the progress.
void GuestWork::hasten(const VmId& vm) {
  auto& work = work_.at(vm);
  if (work.hastening || work.cancelled || work.step >= work.wanted_step) return;
  work.hastening = true;
  hypervisor_.hasten(vm, work.wanted_step,
                     [this, vm, since = work.since, step = work.wanted_step](const auto& taken) {
                       const auto found = work_.find(vm);
                       if (found == work_.end() || found->second.since != since) return;
                       found->second.hastening = false;
                       if (taken) found->second.step = step;
                     });
}

/// What was asked of a hypervisor that hung may come true when it goes on. Were the attempt given
/// up before, nobody would expect the guest where it then comes up.
void GuestWork::tell_failure(const VmId& vm, const Event& failure) {
  work_.at(vm).failed = true;
  hypervisor_.migration_progress(
      vm, [this, vm, failure](const Result<std::optional<MigrationProgress>>& now) {
        auto& work = work_.at(vm);
        if (certain(work, now)) {
          return conclude(vm, failure);
        }
        // Cancelling it while the hypervisor hung came to nothing.
        if (work.cancelled && now && *now) cancel(vm);
        hasten(vm);
        work.progress =
            clock_.after(progress_interval, [this, vm, failure] { tell_failure(vm, failure); });
      });
}

bool GuestWork::certain(Work& work, const Result<std::optional<MigrationProgress>>& now) {
  if (now && !*now) return !work.in_doubt || clock_.now() >= work.doubt_ends;
  work.in_doubt = true;
  work.doubt_ends = clock_.now() + doubt_interval;
  return false;
}

void GuestWork::call_off(const CallOff& duty, NodeId self, const std::string& to_name) {
  if (!begin(duty.vm, duty.since, true)) return;
  // What an earlier daemon asked for may be anywhere on its way through the hypervisor.
  auto& work = work_.at(duty.vm);
  work.cancelled = true;
  work.in_doubt = true;
  work.doubt_ends = clock_.now() + doubt_interval;
  MigrationEnded ended{.vm = duty.vm, .from = self, .to = duty.to, .since = duty.since};
  ended.why = to_name + " was proved off";
  tell_failure(duty.vm, ended);
}

void GuestWork::end(const EndHere& duty) {
  if (!begin(duty.vm, duty.since, false)) return;
  // A refusal needs no word of its own: while the guest is there the duty stands.
  auto done = [this, vm = duty.vm](const Result<void>& asked) {
    if (!asked) {
      again_[vm] = clock_.after(stop_interval, [this, vm] {
        tried_.erase(vm);
        changed_();
      });
    }
    finish(vm);
  };
  if (duty.force == StopForce::ask) {
    hypervisor_.shut_down(duty.vm, std::move(done));
  } else {
    hypervisor_.destroy(duty.vm, std::move(done));
  }
}

void GuestWork::watch_progress(const VmId& vm) {
  work_.at(vm).progress = clock_.after(progress_interval, [this, vm] {
    using Now = std::optional<MigrationProgress>;
    hypervisor_.migration_progress(vm, [this, vm](const Result<Now>& now) {
      const auto found = work_.find(vm);
      if (found == work_.end() || !found->second.migration || found->second.failed) return;
      if (now && *now) {
        found->second.rate_kib_per_s = (*now)->rate_kib_per_s;
        tell_(MigrationProgressed{vm, (*now)->memory_total_kib, (*now)->memory_left_kib,
                                  (*now)->rate_kib_per_s, (*now)->dirty_kib_per_s});
        hasten(vm);
      }
      watch_progress(vm);
    });
  });
}

void GuestWork::cancel(const VmId& vm) {
  hypervisor_.cancel_migration(vm, [](const Result<void>&) {});
}

void GuestWork::keep_only(const std::vector<Duty>& duties) {
  for (auto& [vm, work] : work_) {
    if (!work.migration || work.cancelled) continue;
    const bool wanted = std::ranges::any_of(duties, [&](const Duty& duty) {
      return std::holds_alternative<SendAway>(duty) && is_migration(duty, vm, work.since);
    });
    if (wanted) continue;
    work.cancelled = true;
    cancel(vm);
  }
}

std::map<VmId, std::uint64_t> GuestWork::outgoing_kib_per_s() const {
  std::map<VmId, std::uint64_t> rates;
  for (const auto& [vm, work] : work_) {
    if (work.migration) rates.emplace(vm, work.rate_kib_per_s);
  }
  return rates;
}

std::optional<VmId> GuestWork::first_on_its_way_out() const {
  const std::pair<const VmId, Work>* first = nullptr;
  for (const auto& entry : work_) {
    if (!entry.second.migration) continue;
    if (first == nullptr || entry.second.since < first->second.since) first = &entry;
  }
  if (first == nullptr || first->second.wanted_step > MoveStep::live) return std::nullopt;
  return first->first;
}

std::vector<VmId> GuestWork::busy(const std::vector<Duty>& duties) const {
  std::set<VmId> vms;
  for (const auto& [vm, work] : work_) vms.insert(vm);
  for (const auto& duty : duties) {
    const auto* start = std::get_if<RunHere>(&duty);
    if (start == nullptr) continue;
    const auto tried = tried_.find(start->vm);
    if (tried == tried_.end() || tried->second < start->since) vms.insert(start->vm);
  }
  return {vms.begin(), vms.end()};
}

}  // namespace upbeat
