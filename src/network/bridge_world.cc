// SPDX-License-Identifier: Apache-2.0
// The announcer contract's real world: a network namespace with two Linux bridges and taps.
//
//   tap0 ─┐
//   tap1 ─┼─ br0 ── up0 ═══ far0 (the neighbour)      tap3
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstring>
#include <map>
#include <stdexcept>

#include "base/process.h"
#include "network/bridge_announcer.h"
#include "network/contract_world.h"

namespace upbeat::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* topology = R"(
link add br0 type bridge
link add up0 type veth peer name far0
link set up0 master br0
link set tap0 master br0
link set tap1 master br0
link set br0 up
link set up0 up
link set far0 up
link set tap0 up
link set tap1 up
link set tap3 up
)";

/// This process gets a network of its own, and sees it in /sys.
void enter_a_network_of_our_own() {
  if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0 ||
      ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("sysfs", "/sys", "sysfs", 0, nullptr) != 0) {
    throw std::runtime_error(std::string("cannot make a network namespace: ") +
                             std::strerror(errno) + "; are you root?");
  }
}

/// What QEMU has of a tap: frames written to it come in through the device.
Fd open_tap(const std::string& device) {
  Fd tap(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  ifreq request{};
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  std::strncpy(request.ifr_name, device.c_str(), IFNAMSIZ - 1);
  if (!tap.open() || ::ioctl(tap.get(), TUNSETIFF, &request) != 0) {
    throw std::runtime_error("cannot make " + device + ": " + std::strerror(errno));
  }
  return tap;
}

EthernetFrame frame_of(const Claim& claim) {
  return address_announcement(claim.mac, claim.address, claim.role.value_or(Role::host));
}

class BridgeWorld final : public World {
 public:
  BridgeWorld() {
    enter_a_network_of_our_own();
    for (const auto* device : {"tap0", "tap1", "tap3"}) {
      taps_.emplace(device, open_tap(device));
    }
    const auto made = run_checked({.argv = {"ip", "-batch", "-"}, .input = topology});
    if (!made) throw std::runtime_error(made.error().text);
    auto far = listen_to("far0", Listening::for_anything);
    if (!far) throw std::runtime_error(far.error().text);
    far_ = std::move(*far);
    accept_everything();
    announcer_.start(ear_);
    // A port forwards nothing for an instant after it has come up.
    const auto forwards = [this] {
      other_sends({MacAddress{{2, 0, 0, 0, 0, 9}}, *read_ip("10.0.9.9"), {}});
      std::array<std::uint8_t, claim_bytes> bytes{};
      return ::read(taps_.at("tap0").get(), bytes.data(), bytes.size()) > 0;
    };
    if (!wait(forwards)) throw std::runtime_error("the bridge forwards nothing");
  }

  Announcer& announcer() override { return announcer_; }
  Ear& ear() override { return ear_; }

  bool wait(const std::function<bool()>& enough) override {
    const auto until = std::chrono::steady_clock::now() + 5s;
    while (!enough()) {
      if (std::chrono::steady_clock::now() >= until) return false;
      io_.restart();
      io_.run_one_for(5ms);
    }
    return true;
  }

  void guest_sends(const std::string& device, const std::optional<Claim>& claim) override {
    write(device, claim ? frame_of(*claim) : EthernetFrame(60, 0x02));
  }
  void hypervisor_announces(const std::string& device, const MacAddress& mac) override {
    write(device, mac_announcement(mac));
  }
  void other_sends(const Claim& claim) override {
    const auto sent = send_out("far0", frame_of(claim));
    if (!sent) throw std::runtime_error(sent.error().text);
  }

  std::vector<std::string> told() override {
    std::vector<std::string> list;
    std::array<std::uint8_t, claim_bytes> bytes{};
    for (ssize_t size = 0; (size = ::recv(far_.get(), bytes.data(), bytes.size(), 0)) > 0;) {
      const auto frame = std::span(bytes).first(static_cast<std::size_t>(size));
      MacAddress from;
      std::ranges::copy(frame.subspan(6, 6), from.bytes.begin());
      if (const auto claim = read_claim(frame)) {
        list.push_back(to_text(claim->mac) + " " + to_text(claim->address));
      } else if (frame[12] == 0x80 && frame[13] == 0x35) {
        list.push_back(to_text(from));
      }
    }
    return list;
  }
  void unplug(const std::string& device) override { taps_.erase(device); }

 private:
  void write(const std::string& device, const EthernetFrame& frame) {
    if (::write(taps_.at(device).get(), frame.data(), frame.size()) < 0) {
      throw std::runtime_error("cannot send through " + device + ": " + std::strerror(errno));
    }
  }
  /// RARP too.
  void accept_everything() {
    int unused = 0;
    ::setsockopt(far_.get(), SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof unused);
  }

  boost::asio::io_context io_;
  std::map<std::string, Fd> taps_;
  Fd far_;
  Ear ear_;
  BridgeAnnouncer announcer_{io_};
};

}  // namespace

std::unique_ptr<World> make_bridge_world() { return std::make_unique<BridgeWorld>(); }

}  // namespace upbeat::test
