// SPDX-License-Identifier: Apache-2.0
// The contract's simulated world: the twin, in virtual time.
#include <array>

#include "clock/simulated_clock.h"
#include "hypervisor/simulated_hypervisor.h"
#include "hypervisor/test/contract_world.h"

namespace upbeat::test {
namespace {

using namespace std::chrono_literals;

class SimulatedWorld final : public World {
 public:
  SimulatedWorld() {
    for (const Host host : {Host::a, Host::b}) {
      hypervisor(host).start(ear(host));
      wait([&] { return ear(host).back > 0; });
    }
  }

  Hypervisor& hypervisor(Host host) override { return host == Host::a ? a_ : b_; }
  Ear& ear(Host host) override { return ears_[static_cast<std::size_t>(host)]; }

  bool wait(const std::function<bool()>& enough) override {
    const auto until = clock_.now() + 30s;
    while (!enough()) {
      if (clock_.now() >= until) return false;
      clock_.advance(1ms);
    }
    return true;
  }

  std::string domain_xml(const VmId& vm, const std::string& uuid, Kind kind) override {
    GuestTraits traits{.boot_ms = 1'000};
    if (kind == Kind::deaf) traits.manner = ShutdownManner::refuses;
    if (kind == Kind::short_lived) traits.life_ms = 1'000;
    if (kind == Kind::restless) {
      traits.dirty_kib_per_s = std::uint64_t{1024} * 1024;
      traits.working_set_kib = std::uint64_t{16} * 1024;
    }
    if (kind == Kind::busy) {
      traits.dirty_kib_per_s = std::uint64_t{40} * 1024;
      traits.working_set_kib = std::uint64_t{16} * 1024;
    }
    hosts_.set_traits(vm, traits);
    return "<domain type='qemu'><name>" + vm.get() + "</name><uuid>" + uuid +
           "</uuid><memory unit='MiB'>32</memory></domain>";
  }

  bool booted(Host host, const VmId& vm) override { return machine(host).answers(vm); }
  void limit_bandwidth(Host /*host*/, const VmId& vm, int mib_per_s) override {
    auto traits = hosts_.traits(vm);
    traits.migration_kib_per_s = static_cast<std::uint64_t>(mib_per_s) * 1024;
    hosts_.set_traits(vm, traits);
  }
  void kill_guest(Host host, const VmId& vm) override { machine(host).kill_guest(vm); }
  void stop_hypervisor(Host host) override { machine(host).stop_hypervisor(); }
  void hang_hypervisor(Host host) override { machine(host).hang_hypervisor(); }
  void start_hypervisor(Host host) override { machine(host).start_hypervisor(); }

 private:
  SimulatedHost& machine(Host host) { return hosts_.host(name_of(host)); }

  SimulatedClock clock_;
  SimulatedHosts hosts_{clock_};
  std::array<Ear, 2> ears_;
  SimulatedHypervisor a_{
      hosts_.add("nodeA", {.memory_kib = 1 << 20, .cores = 2, .hypervisor = "simulated"})};
  SimulatedHypervisor b_{
      hosts_.add("nodeB", {.memory_kib = 1 << 20, .cores = 2, .hypervisor = "simulated"})};
};

}  // namespace

std::unique_ptr<World> make_simulated_world() { return std::make_unique<SimulatedWorld>(); }

}  // namespace upbeat::test
