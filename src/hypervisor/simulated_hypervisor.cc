// SPDX-License-Identifier: Apache-2.0
// The hypervisor port's twin: a daemon's view of one simulated host, in virtual time.
#include "hypervisor/simulated_hypervisor.h"

#include <utility>

#include "hypervisor/domain_network.h"
#include "hypervisor/domain_xml.h"
#include "hypervisor/simulated_migration.h"

namespace upbeat {

SimulatedHypervisor::SimulatedHypervisor(SimulatedHost& host) : host_(&host), world_(host.world_) {
  host.client_ = this;
}

SimulatedHypervisor::~SimulatedHypervisor() {
  if (host_ != nullptr && host_->client_ == this) host_->client_ = nullptr;
}

void SimulatedHypervisor::start(HypervisorListener& listener) {
  listener_ = &listener;
  post([this] {
    if (host_->daemon_ == SimulatedHost::Daemon::up) return come_back();
    lost("it does not answer");
  });
}

/// In a later turn, if we and the host's power are still there.
void SimulatedHypervisor::post(std::function<void()> call) {
  world_.clock().post([this, alive = std::weak_ptr(alive_), call = std::move(call)] {
    if (!alive.expired() && host_ != nullptr) call();
  });
}

void SimulatedHypervisor::come_back() {
  connected_ = true;
  told_lost_ = false;
  listener_->on_hypervisor_back();
}

void SimulatedHypervisor::may_come_back() {
  if (connected_ || listener_ == nullptr) return;
  host_->later(hypervisor_retry_ms, [this, alive = std::weak_ptr(alive_)] {
    if (alive.expired() || connected_ || host_->daemon_ != SimulatedHost::Daemon::up) return;
    come_back();
  });
}

void SimulatedHypervisor::lost(const std::string& why) {
  if (listener_ == nullptr || std::exchange(told_lost_, true)) return;
  connected_ = false;
  const Error error{"lost the hypervisor of " + host_->name() + ": " + why +
                    "; its guests may well go on; Upbeat goes on trying"};
  for (auto& [id, give_up] : std::exchange(calls_, {})) {
    post([call = std::move(give_up), error] { call(error); });
  }
  post([this, error] { listener_->on_hypervisor_lost(error); });
}

void SimulatedHypervisor::hear(const std::function<void(HypervisorListener&)>& news) {
  if (!connected_) return;
  post([this, news] {
    if (connected_) news(*listener_);
  });
}

template <class T>
void SimulatedHypervisor::call(const std::string& what, Done<T> done,
                               std::function<void(Answer<T>)> work) {
  if (host_ == nullptr) return;
  if (!connected_) {
    return post([what, done = std::move(done)] {
      done(fail("cannot " + what + ": the hypervisor cannot be reached; is it running?"));
    });
  }
  const auto id = next_call_++;
  calls_[id] = [done](const Error& error) { done(std::unexpected(error)); };
  // An answer finds its way only while the call is under way; the host may do the work even so.
  auto answer = [this, alive = std::weak_ptr(alive_), host = host_, id,
                 done = std::move(done)](Result<T> result) {
    host->perform([=, this, result = std::move(result)] {
      if (alive.expired() || calls_.erase(id) == 0) return;
      post([done, result] { done(result); });
    });
  };
  host_->later(world_.traits().call_ms,
               [host = host_, work = std::move(work), answer = std::move(answer)] {
                 host->perform([work, answer] { work(answer); });
               });
}

void SimulatedHypervisor::host_facts(Done<HostFacts> done) {
  call<HostFacts>("read what this host has", std::move(done),
                  [host = host_](const auto& answer) { answer(host->facts()); });
}

void SimulatedHypervisor::inventory(Done<std::vector<Guest>> done) {
  call<std::vector<Guest>>("list the guests of this host", std::move(done),
                           [host = host_](const auto& answer) { answer(host->guests()); });
}

void SimulatedHypervisor::create(const VmId& vm, const std::string& domain_xml, Done<void> done) {
  call<void>("start " + vm.get(), std::move(done),
             [host = host_, vm, domain_xml](const Answer<void>& answer) {
               const auto facts = read_domain_of(vm, domain_xml);
               if (!facts) return answer(std::unexpected(facts.error()));
               const auto begun = host->begin_start(vm, *facts);
               if (!begun) return answer(std::unexpected(begun.error()));
               if (const auto network = read_network(domain_xml)) {
                 host->guests_.at(vm).interfaces = network->interfaces;
               }
               host->finish_start(vm, answer);
             });
}

void SimulatedHypervisor::shut_down(const VmId& vm, Done<void> done) {
  call<void>(
      "ask " + vm.get() + " to shut down", std::move(done),
      [host = host_, vm](const Answer<void>& answer) {
        if (!host->runs(vm)) {
          return answer(fail("cannot ask " + vm.get() + " to shut down: it is not on this host"));
        }
        host->shut_down(vm);
        answer({});
      });
}

void SimulatedHypervisor::destroy(const VmId& vm, Done<void> done) {
  call<void>("force " + vm.get() + " off", std::move(done),
             [host = host_, cleanup = world_.traits().cleanup_ms, vm](const Answer<void>& answer) {
               const auto number = host->instance(vm);
               if (!number) return answer({});
               host->later(cleanup, [host, vm, number, answer] {
                 if (host->instance(vm) == number) {
                   const bool incoming = host->guests_.at(vm).guest.phase == GuestPhase::incoming;
                   host->remove(vm, incoming ? GoneCause::failed : GoneCause::destroyed);
                 }
                 answer({});
               });
             });
}

void SimulatedHypervisor::migrate(const VmId& vm, const std::string& to_node,
                                  Done<MigrationSummary> done) {
  call<MigrationSummary>(
      "migrate " + vm.get() + " to " + to_node, std::move(done),
      [host = host_, &world = world_, vm, to_node](const Answer<MigrationSummary>& answer) {
        if (world.migration(*host, vm) != nullptr) {
          return answer(fail("cannot migrate " + vm.get() + " to " + to_node +
                             ": a migration of it is under way already; wait for its end"));
        }
        const auto id = world.next_migration_++;
        const auto migration = std::make_shared<SimulatedMigration>(*host, to_node, vm, id, answer);
        world.migrations_.emplace(id, migration);
        migration->start();
      });
}

void SimulatedHypervisor::hasten(const VmId& vm, MoveStep step, Done<void> done) {
  call<void>(
      "hasten the migration of " + vm.get(), std::move(done),
      [host = host_, &world = world_, vm, step](const Answer<void>& answer) {
        auto* migration = world.migration(*host, vm);
        if (migration == nullptr) {
          return answer(fail("cannot hasten the migration of " + vm.get() + ": none is under way"));
        }
        answer(migration->hasten(step));
      });
}

void SimulatedHypervisor::cancel_migration(const VmId& vm, Done<void> done) {
  call<void>("give up the migration of " + vm.get(), std::move(done),
             [host = host_, &world = world_, vm](const Answer<void>& answer) {
               auto* migration = world.migration(*host, vm);
               if (migration == nullptr) {
                 return answer(
                     fail("cannot give up the migration of " + vm.get() + ": none is under way"));
               }
               // A guest that stands still to be switched over is on its way out for good.
               if (migration->phase != SimulatedMigration::Phase::switching)
                 migration->abort("it was cancelled");
               answer({});
             });
}

void SimulatedHypervisor::reach(const std::string& node, Done<std::string> done) {
  call<std::string>(
      "reach the hypervisor of " + node, std::move(done),
      [host = host_, &world = world_, node](const Answer<std::string>& answer) {
        const auto* there = world.find(node);
        if (there == nullptr || !there->powered() || !world.connected(*host, *there) ||
            there->daemon_ != SimulatedHost::Daemon::up) {
          return answer(fail("cannot reach the hypervisor of " + node + ": it does not answer"));
        }
        answer(there->facts().hypervisor);
      });
}

void SimulatedHypervisor::migration_progress(const VmId& vm,
                                             Done<std::optional<MigrationProgress>> done) {
  using Read = std::optional<MigrationProgress>;
  call<Read>("read how far the migration of " + vm.get() + " is", std::move(done),
             [host = host_, &world = world_, vm](const Answer<Read>& answer) {
               const auto* migration = world.migration(*host, vm);
               answer(migration == nullptr ? Read() : migration->progress());
             });
}

void SimulatedHypervisor::limit_bandwidth(const VmId& vm, std::optional<std::uint64_t> mib_per_s,
                                          Done<void> done) {
  call<void>("limit the bandwidth of the migration of " + vm.get(), std::move(done),
             [host = host_, &world = world_, vm, mib_per_s](const Answer<void>& answer) {
               if (world.migration(*host, vm) != nullptr) {
                 host->bandwidth_kib_per_s_[vm] = mib_per_s.value_or(0) * 1024;
               }
               answer({});
             });
}

void SimulatedHypervisor::network(const VmId& vm, Done<GuestNetwork> done) {
  call<GuestNetwork>("read how " + vm.get() + " hangs on the network", std::move(done),
                     [host = host_, vm](const Answer<GuestNetwork>& answer) {
                       const auto found = host->guests_.find(vm);
                       if (found == host->guests_.end()) {
                         return answer(fail("cannot read how " + vm.get() +
                                            " hangs on the network: it is not on this host"));
                       }
                       answer(GuestNetwork{found->second.interfaces, found->second.note});
                     });
}

void SimulatedHypervisor::keep_note(const VmId& vm, const std::string& note, Done<void> done) {
  call<void>("keep a note with " + vm.get(), std::move(done),
             [host = host_, &world = world_, vm, note](const Answer<void>& answer) {
               const std::string attempt = "cannot keep a note with " + vm.get() + ": ";
               if (note.size() > guest_note_limit_bytes) {
                 return answer(fail(attempt + "it is too long"));
               }
               if (!host->runs(vm)) return answer(fail(attempt + "it is not on this host"));
               if (world.migration(*host, vm) != nullptr) {
                 return answer(fail(attempt + "it migrates; wait for its end"));
               }
               host->guests_.at(vm).note = note;
               answer({});
             });
}

}  // namespace upbeat
