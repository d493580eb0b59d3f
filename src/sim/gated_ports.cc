// SPDX-License-Identifier: Apache-2.0
// The ports of one simulated daemon: the twins, each behind the daemon's gate.
#include "sim/gated_ports.h"

#include <memory>
#include <utility>

namespace upbeat {
namespace {

/// A timer of the world, and the word that its owner still wants it.
struct GatedTimer {
  Timer timer;
};

}  // namespace

Timer GatedClock::after(std::chrono::nanoseconds delay, std::function<void()> call) {
  auto pending = std::make_shared<GatedTimer>();
  pending->timer = clock_.after(
      delay, [&gate = gate_, weak = std::weak_ptr(pending), call = std::move(call)]() mutable {
        if (gate.open()) return call();
        gate.pass([weak, call = std::move(call)] {
          if (!weak.expired()) call();
        });
      });
  return Timer(std::move(pending));
}

void GatedClock::post(std::function<void()> call) {
  clock_.post([&gate = gate_, alive = std::weak_ptr(alive_), call = std::move(call)] {
    if (!alive.expired()) gate.pass(call);
  });
}

void GatedEngine::start(EngineListener& listener) {
  listener_ = &listener;
  engine_.start(*this);
}

void GatedEngine::on_view(const EngineView& view) {
  if (gate_.open()) return listener_->on_view(view);
  gate_.pass([this, view] { listener_->on_view(view); });
}

void GatedEngine::on_message(NodeId from, const std::string& bytes) {
  tamper_ ? pass_on(from, tamper_(node_, bytes)) : pass_on(from, bytes);
}

void GatedEngine::pass_on(NodeId from, const std::string& bytes) {
  if (gate_.open()) return listener_->on_message(from, bytes);
  gate_.pass([this, from, bytes] { listener_->on_message(from, bytes); });
}

void GatedEngine::on_engine_lost(const Error& why) {
  gate_.pass([this, why] { listener_->on_engine_lost(why); });
}

template <class T>
Done<T> GatedHypervisor::gated(Done<T> done) {
  return [&gate = gate_, done = std::move(done)](Result<T> result) {
    gate.pass([done, result = std::move(result)] { done(result); });
  };
}

void GatedHypervisor::start(HypervisorListener& listener) {
  listener_ = &listener;
  hypervisor_.start(*this);
}
void GatedHypervisor::host_facts(Done<HostFacts> done) {
  hypervisor_.host_facts(gated(std::move(done)));
}
void GatedHypervisor::inventory(Done<std::vector<Guest>> done) {
  hypervisor_.inventory(gated(std::move(done)));
}
void GatedHypervisor::create(const VmId& vm, const std::string& domain_xml, Done<void> done) {
  hypervisor_.create(vm, domain_xml, gated(std::move(done)));
}
void GatedHypervisor::shut_down(const VmId& vm, Done<void> done) {
  hypervisor_.shut_down(vm, gated(std::move(done)));
}
void GatedHypervisor::destroy(const VmId& vm, Done<void> done) {
  hypervisor_.destroy(vm, gated(std::move(done)));
}
void GatedHypervisor::migrate(const VmId& vm, const std::string& to_node,
                              Done<MigrationSummary> done) {
  hypervisor_.migrate(vm, to_node, gated(std::move(done)));
}
void GatedHypervisor::hasten(const VmId& vm, MoveStep step, Done<void> done) {
  hypervisor_.hasten(vm, step, gated(std::move(done)));
}
void GatedHypervisor::cancel_migration(const VmId& vm, Done<void> done) {
  hypervisor_.cancel_migration(vm, gated(std::move(done)));
}
void GatedHypervisor::reach(const std::string& node, Done<std::string> done) {
  hypervisor_.reach(node, gated(std::move(done)));
}
void GatedHypervisor::migration_progress(const VmId& vm,
                                         Done<std::optional<MigrationProgress>> done) {
  hypervisor_.migration_progress(vm, gated(std::move(done)));
}
void GatedHypervisor::limit_bandwidth(const VmId& vm, std::optional<std::uint64_t> mib_per_s,
                                      Done<void> done) {
  hypervisor_.limit_bandwidth(vm, mib_per_s, gated(std::move(done)));
}
void GatedHypervisor::network(const VmId& vm, Done<GuestNetwork> done) {
  hypervisor_.network(vm, gated(std::move(done)));
}
void GatedHypervisor::keep_note(const VmId& vm, const std::string& note, Done<void> done) {
  hypervisor_.keep_note(vm, note, gated(std::move(done)));
}
void GatedHypervisor::on_guest_running(const VmId& vm) {
  gate_.pass([this, vm] { listener_->on_guest_running(vm); });
}
void GatedHypervisor::on_guest_gone(const VmId& vm, GoneCause cause) {
  gate_.pass([this, vm, cause] { listener_->on_guest_gone(vm, cause); });
}
void GatedHypervisor::on_hypervisor_back() {
  gate_.pass([this] { listener_->on_hypervisor_back(); });
}
void GatedHypervisor::on_hypervisor_lost(const Error& why) {
  gate_.pass([this, why] { listener_->on_hypervisor_lost(why); });
}

void GatedFencer::act(const std::string& node, PowerAction action,
                      std::function<void(Result<PowerAnswer>)> done) {
  fencer_.act(node, action,
              [&gate = gate_, done = std::move(done)](const Result<PowerAnswer>& result) {
                gate.pass([done, result] { done(result); });
              });
}

void GatedFencer::probe(const std::string& node,
                        std::function<void(std::vector<OutletSeen>)> done) {
  fencer_.probe(node, [&gate = gate_, done = std::move(done)](const std::vector<OutletSeen>& seen) {
    gate.pass([done, seen] { done(seen); });
  });
}

Result<void> GatedShutdown::start(ShutdownListener& listener) {
  listener_ = &listener;
  return source_.start(*this);
}
void GatedShutdown::on_shutdown(const ShutdownNotice& notice) {
  gate_.pass([this, notice] { listener_->on_shutdown(notice); });
}
void GatedShutdown::on_shutdown_cancelled() {
  gate_.pass([this] { listener_->on_shutdown_cancelled(); });
}

}  // namespace upbeat
