// SPDX-License-Identifier: Apache-2.0
// The contract's real world: libvirt and QEMU.
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "clock/asio_clock.h"
#include "hypervisor/libvirt_hypervisor.h"
#include "hypervisor/test/contract_world.h"
#include "hypervisor/test/real_hosts.h"

namespace upbeat::test {
namespace {

using namespace std::chrono_literals;

class RealWorld final : public World {
 public:
  RealWorld() {
    for (const Host host : {Host::a, Host::b}) {
      hypervisor(host).start(ear(host));
      if (!wait([&] { return ear(host).back > 0; })) {
        throw std::runtime_error("cannot reach the libvirtd of " + name_of(host));
      }
    }
  }

  Hypervisor& hypervisor(Host host) override { return host == Host::a ? a_ : b_; }
  Ear& ear(Host host) override { return ears_[static_cast<std::size_t>(host)]; }

  bool wait(const std::function<bool()>& enough) override {
    const auto until = std::chrono::steady_clock::now() + 30s;
    while (!enough()) {
      if (std::chrono::steady_clock::now() >= until) return false;
      // Not all that is waited for comes through the loop: the guest's console does not.
      io_.run_one_for(20ms);
    }
    return true;
  }

  std::string domain_xml(const VmId& vm, const std::string& uuid, Kind kind) override {
    TinyGuest guest{.fill_mib = 16};
    if (kind == Kind::deaf) guest.ear = TinyGuest::Ear::deaf;
    if (kind == Kind::short_lived) guest.life_ticks = 18;
    if (kind == Kind::restless || kind == Kind::busy) guest.mood = TinyGuest::Mood::restless;
    if (kind == Kind::busy) guest.toil = 20;
    return hosts_.domain_xml(vm.get(), uuid, guest);
  }

  bool booted(Host /*host*/, const VmId& vm) override { return hosts_.booted(vm.get()); }
  void limit_bandwidth(Host host, const VmId& vm, int mib_per_s) override {
    real(host).run("virsh -q migrate-setspeed " + vm.get() + " " + std::to_string(mib_per_s));
  }
  void kill_guest(Host host, const VmId& vm) override { real(host).kill_qemu(vm.get()); }
  void stop_hypervisor(Host host) override { real(host).stop_libvirtd(); }
  void hang_hypervisor(Host host) override { real(host).freeze_libvirtd(); }
  void start_hypervisor(Host host) override { real(host).start_libvirtd(); }
  std::string last_words(Host host) override { return real(host).tell_of_libvirtd(); }

 private:
  RealHost& real(Host host) { return hosts_.host(static_cast<std::size_t>(host)); }

  RealHosts hosts_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  AsioClock clock_{io_};
  std::array<Ear, 2> ears_;
  LibvirtHypervisor a_{clock_, {.uri = real(Host::a).uri()}};
  LibvirtHypervisor b_{clock_, {.uri = real(Host::b).uri()}};
};

}  // namespace

std::unique_ptr<World> make_real_world() { return std::make_unique<RealWorld>(); }

}  // namespace upbeat::test
