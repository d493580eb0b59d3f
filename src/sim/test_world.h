// SPDX-License-Identifier: Apache-2.0
// A whole cluster in virtual time for a test: the real node loop on the ports' twins.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "clock/simulated_clock.h"
#include "engine/simulated_engine.h"
#include "engine/simulated_network.h"
#include "fence/simulated_fencer.h"
#include "hypervisor/simulated_hosts.h"
#include "hypervisor/simulated_hypervisor.h"
#include "node/node.h"
#include "shutdown/simulated_shutdown.h"
#include "store/memory_journal.h"

namespace upbeat {

/// The 2006 test bed: node1 … node4 with 896 MiB for guests each. The checks look at the simulated
/// hosts, not at what Upbeat believes.
class TestWorld {
 public:
  explicit TestWorld(std::uint64_t seed, std::uint32_t nodes = 4) : hosts_(clock_) {
    std::vector<ConfiguredNode> configured;
    for (std::uint32_t id = 1; id <= nodes; ++id) configured.push_back({NodeId(id), name(id)});
    network_ = std::make_unique<SimulatedNetwork>(clock_, configured,
                                                  SimulatedNetworkOptions{.seed = seed});
    for (std::uint32_t id = 1; id <= nodes; ++id) {
      machines_.try_emplace(id);
      hosts_.add(name(id), {.memory_kib = 1024 * 1024, .cores = 4, .hypervisor = "simulated"});
      strip_.plug_in(name(id), [this, id](PowerState state) {
        // The strip acts from within a fencer's call: the world changes in a turn of its own.
        clock_.post([this, id, state] {
          if (state == PowerState::off) lose_power(id);
        });
      });
      boot(id);
    }
    pass(std::chrono::seconds(10));
  }

  // --- what befalls it ---------------------------------------------------------------------------
  void cut_power(std::uint32_t id) {
    strip_.set(name(id), PowerState::off);
    lose_power(id);
  }
  void power_on(std::uint32_t id) {
    if (machines_.at(id).powered) return;
    strip_.set(name(id), PowerState::on);
    come_up(id);
  }
  void type_reboot(std::uint32_t id) {
    if (machines_.at(id).powered) machines_.at(id).shutdown->announce("reboot");
  }
  void restart_daemon(std::uint32_t id) {
    if (!machines_.at(id).powered) return;
    stop_daemon(id);
    start_daemon(id);
  }
  void separate(std::uint32_t id) { network_->partition({{NodeId(id)}}); }
  void heal() { network_->heal(); }
  SimulatedHost& host(std::uint32_t id) { return hosts_.host(name(id)); }

  // --- requests and time -------------------------------------------------------------------------
  void run_vm(const std::string& vm, std::uint32_t by = 1) {
    VmDefined defined{.vm = VmId(vm)};
    defined.spec.uuid = "uuid of " + vm;
    defined.spec.memory_kib = 256 * 1024;
    defined.spec.domain_xml = "<domain type='qemu'><name>" + vm +
                              "</name><memory unit='MiB'>256</memory><vcpu>1</vcpu><os><type>hvm"
                              "</type></os></domain>";
    at(by).request(defined, [](const Result<void>& /*done*/) {});
    at(by).request(VmWanted{VmId(vm), Wanted::running}, [](const Result<void>& /*done*/) {});
    vms_.emplace_back(vm);
  }
  /// Lets time pass, step by step, and looks at the world after each.
  void pass(std::chrono::milliseconds span) {
    const auto until = clock_.now() + span;
    while (clock_.now() < until) {
      clock_.advance(std::chrono::milliseconds(10));
      for (const auto& vm : vms_) {
        const auto on = hosts_.run_by(vm);
        ASSERT_LE(on.size(), 1U) << vm.get() << " runs on " << on.front() << " and " << on.back();
      }
    }
  }

  // --- what is true ------------------------------------------------------------------------------
  [[nodiscard]] std::string host_of(const std::string& vm) const {
    const auto on = hosts_.run_by(VmId(vm));
    return on.size() == 1 ? on.front() : "";
  }
  [[nodiscard]] bool powered(std::uint32_t id) const { return machines_.at(id).powered; }
  Node& at(std::uint32_t id) { return *machines_.at(id).node; }
  [[nodiscard]] const std::vector<VmId>& vms() const { return vms_; }
  static std::string name(std::uint32_t id) { return "node" + std::to_string(id); }

 private:
  struct Machine {
    bool powered = true;
    MemoryJournal disk;
    std::unique_ptr<SimulatedMachine> shutdown;
    std::unique_ptr<SimulatedEngine> engine;
    std::unique_ptr<SimulatedHypervisor> hypervisor;
    std::unique_ptr<SimulatedFencer> fencer;
    std::unique_ptr<SimulatedShutdown> lock;
    std::unique_ptr<Node> node;
    Timer history;
  };
  static constexpr auto boot_time = std::chrono::seconds(6);

  /// A machine that boots knows nothing of an earlier shutdown.
  void boot(std::uint32_t id) {
    machines_.at(id).shutdown = std::make_unique<SimulatedMachine>(
        clock_, std::chrono::minutes(30), [this, id] { clock_.post([this, id] { reboot(id); }); });
    start_daemon(id);
  }
  void start_daemon(std::uint32_t id) {
    auto& machine = machines_.at(id);
    machine.engine = std::make_unique<SimulatedEngine>(*network_, NodeId(id));
    machine.hypervisor = std::make_unique<SimulatedHypervisor>(host(id));
    machine.fencer = std::make_unique<SimulatedFencer>(clock_, strip_);
    machine.lock = std::make_unique<SimulatedShutdown>(*machine.shutdown);
    machine.node =
        std::make_unique<Node>(NodePorts{*machine.engine, *machine.hypervisor, *machine.fencer,
                                         *machine.lock, clock_, machine.disk},
                               NodeOptions{.memory_kib = 1024 * 1024,
                                           .host_reserve_kib = 128 * 1024,
                                           .shutdown_budget = std::chrono::seconds(60)});
    if (std::getenv("UPBEAT_SIM_LOG") != nullptr) {
      machine.node->set_log([this, id](const std::string& text) {
        std::cout << std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now()).count()
                  << " " << name(id) << "> " << text << std::endl;
      });
      machine.history = machine.node->follow([this, id](const std::vector<HistoryLine>& lines) {
        for (const auto& line : lines) {
          std::cout << std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now()).count()
                    << " " << name(id) << "> " << line.subject << " " << line.text << std::endl;
        }
      });
    }
    const auto started = machine.node->start();
    ASSERT_TRUE(started) << started.error().text;
  }
  void stop_daemon(std::uint32_t id) {
    auto& machine = machines_.at(id);
    machine.engine.reset();
    machine.hypervisor.reset();
    machine.fencer.reset();
    machine.lock.reset();
    machine.node.reset();
  }
  void lose_power(std::uint32_t id) {
    auto& machine = machines_.at(id);
    if (!machine.powered) return;
    machine.powered = false;
    network_->crash(NodeId(id));
    host(id).cut_power();
    stop_daemon(id);
    machine.disk.cut_power();
  }
  void come_up(std::uint32_t id) {
    machines_.at(id).powered = true;
    host(id).power_on();
    network_->start(NodeId(id));
    boot(id);
  }
  void reboot(std::uint32_t id) {
    lose_power(id);
    booting_[id] = clock_.after(boot_time, [this, id] {
      if (!machines_.at(id).powered && strip_.state(name(id)) == PowerState::on) come_up(id);
    });
  }

  SimulatedClock clock_;
  SimulatedHosts hosts_;
  SimulatedPowerStrip strip_;
  std::unique_ptr<SimulatedNetwork> network_;
  std::map<std::uint32_t, Machine> machines_;
  std::map<std::uint32_t, Timer> booting_;
  std::vector<VmId> vms_;
};

}  // namespace upbeat
