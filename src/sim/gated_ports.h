// SPDX-License-Identifier: Apache-2.0
// The ports of one simulated daemon: the twins, each behind the daemon's gate.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "clock/simulated_clock.h"
#include "engine/simulated_engine.h"
#include "fence/simulated_fencer.h"
#include "hypervisor/simulated_hypervisor.h"
#include "shutdown/simulated_shutdown.h"
#include "sim/gate.h"

namespace upbeat {

/// The world's time. A timer that falls due while the process stands still runs when it goes on.
class GatedClock final : public Clock {
 public:
  GatedClock(SimulatedClock& clock, Gate& gate, const std::chrono::milliseconds& wall_error)
      : clock_(clock), gate_(gate), wall_error_(wall_error) {}

  [[nodiscard]] MonotonicTime now() const override { return clock_.now(); }
  [[nodiscard]] WallTimeMs wall_ms() const override {
    return clock_.wall_ms() + wall_error_.count();
  }
  [[nodiscard]] Timer after(std::chrono::nanoseconds delay, std::function<void()> call) override;
  void post(std::function<void()> call) override;

 private:
  SimulatedClock& clock_;
  Gate& gate_;
  const std::chrono::milliseconds& wall_error_;  ///< the host's wall clock is wrong by this
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

class GatedEngine final : public Engine, private EngineListener {
 public:
  GatedEngine(SimulatedNetwork& network, NodeId node, Gate& gate, const Tamper& tamper)
      : engine_(network, node), node_(node), gate_(gate), tamper_(tamper) {}

  void start(EngineListener& listener) override;
  [[nodiscard]] Result<void> send(std::string bytes) override {
    return engine_.send(std::move(bytes));
  }
  [[nodiscard]] Result<NodeId> self() override { return engine_.self(); }
  [[nodiscard]] Result<std::vector<ConfiguredNode>> configured_nodes() override {
    return engine_.configured_nodes();
  }
  [[nodiscard]] Result<RingTiming> ring_timing() override { return engine_.ring_timing(); }

 private:
  void on_view(const EngineView& view) override;
  void on_message(NodeId from, const std::string& bytes) override;
  void on_engine_lost(const Error& why) override;
  void pass_on(NodeId from, const std::string& bytes);

  SimulatedEngine engine_;
  NodeId node_;
  Gate& gate_;
  const Tamper& tamper_;
  EngineListener* listener_ = nullptr;
};

class GatedHypervisor final : public Hypervisor, private HypervisorListener {
 public:
  GatedHypervisor(SimulatedHost& host, Gate& gate) : hypervisor_(host), gate_(gate) {}

  void start(HypervisorListener& listener) override;
  void host_facts(Done<HostFacts> done) override;
  void inventory(Done<std::vector<Guest>> done) override;
  void create(const VmId& vm, const std::string& domain_xml, Done<void> done) override;
  void shut_down(const VmId& vm, Done<void> done) override;
  void destroy(const VmId& vm, Done<void> done) override;
  void migrate(const VmId& vm, const std::string& to_node, Done<MigrationSummary> done) override;
  void hasten(const VmId& vm, MoveStep step, Done<void> done) override;
  void cancel_migration(const VmId& vm, Done<void> done) override;
  void reach(const std::string& node, Done<std::string> done) override;
  void migration_progress(const VmId& vm, Done<std::optional<MigrationProgress>> done) override;
  void limit_bandwidth(const VmId& vm, std::optional<std::uint64_t> mib_per_s,
                       Done<void> done) override;
  void network(const VmId& vm, Done<GuestNetwork> done) override;
  void keep_note(const VmId& vm, const std::string& note, Done<void> done) override;

 private:
  void on_guest_running(const VmId& vm) override;
  void on_guest_gone(const VmId& vm, GoneCause cause) override;
  void on_hypervisor_back() override;
  void on_hypervisor_lost(const Error& why) override;
  template <class T>
  Done<T> gated(Done<T> done);

  SimulatedHypervisor hypervisor_;
  Gate& gate_;
  HypervisorListener* listener_ = nullptr;
};

class GatedFencer final : public Fencer {
 public:
  GatedFencer(Clock& clock, SimulatedPowerStrip& strip, Gate& gate)
      : fencer_(clock, strip), gate_(gate) {}

  void act(const std::string& node, PowerAction action,
           std::function<void(Result<PowerAnswer>)> done) override;
  void probe(const std::string& node, std::function<void(std::vector<OutletSeen>)> done) override;
  void cut_cable() { fencer_.cut_cable(); }
  void mend_cable() { fencer_.mend_cable(); }

 private:
  SimulatedFencer fencer_;
  Gate& gate_;
};

class GatedShutdown final : public ShutdownSource, private ShutdownListener {
 public:
  GatedShutdown(SimulatedMachine& machine, Gate& gate) : source_(machine), gate_(gate) {}

  [[nodiscard]] Result<void> start(ShutdownListener& listener) override;
  void let_go() override { source_.let_go(); }

 private:
  void on_shutdown(const ShutdownNotice& notice) override;
  void on_shutdown_cancelled() override;

  SimulatedShutdown source_;
  Gate& gate_;
  ShutdownListener* listener_ = nullptr;
};

}  // namespace upbeat
