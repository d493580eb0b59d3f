// SPDX-License-Identifier: Apache-2.0
// What the hypervisor's contract test needs of a world: two hosts, their guests, and mishaps.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "ports/hypervisor.h"

namespace upbeat {

/// For the messages of failed expectations.
inline void PrintTo(GuestPhase phase, std::ostream* out) {
  static constexpr std::array names{"running", "incoming", "outgoing"};
  *out << names.at(static_cast<std::size_t>(phase));
}

}  // namespace upbeat

namespace upbeat::test {

enum class Host : std::uint8_t { a, b };

/// What a host's listener has heard, in order.
struct Ear final : HypervisorListener {
  std::vector<VmId> running;
  std::vector<std::pair<VmId, GoneCause>> gone;
  std::vector<std::string> lost;
  int back = 0;

  void on_guest_running(const VmId& vm) override { running.push_back(vm); }
  void on_guest_gone(const VmId& vm, GoneCause cause) override { gone.emplace_back(vm, cause); }
  void on_hypervisor_back() override { ++back; }
  void on_hypervisor_lost(const Error& why) override { lost.push_back(why.text); }
};

/// How a guest behaves. All have 32 MiB, 16 of them filled.
enum class Kind : std::uint8_t {
  idle,         ///< shuts down when asked
  deaf,         ///< does not hear that it is asked
  short_lived,  ///< powers itself off soon
  restless,     ///< writes its 16 MiB over and over
  busy,         ///< and works in between: some 40 MiB/s
};

class World {
 public:
  World() = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  virtual ~World() = default;

  virtual Hypervisor& hypervisor(Host host) = 0;
  virtual Ear& ear(Host host) = 0;
  /// Lets time pass until `enough` says so; false if it never does.
  virtual bool wait(const std::function<bool()>& enough) = 0;
  virtual std::string domain_xml(const VmId& vm, const std::string& uuid, Kind kind) = 0;
  /// Whether the guest is up and hears what it is asked.
  virtual bool booted(Host host, const VmId& vm) = 0;
  /// No more than this of the guest's memory will be copied in a second.
  virtual void limit_bandwidth(Host host, const VmId& vm, int mib_per_s) = 0;
  /// The guest's migrations will take seconds.
  void slow_down(Host host, const VmId& vm) { limit_bandwidth(host, vm, 4); }
  /// The guest's process dies.
  virtual void kill_guest(Host host, const VmId& vm) = 0;
  /// The host's hypervisor stops and starts; its guests go on.
  virtual void stop_hypervisor(Host host) = 0;
  virtual void hang_hypervisor(Host host) = 0;  ///< it goes on when it is started
  virtual void start_hypervisor(Host host) = 0;
  /// How the host's hypervisor is and what it said last, for whoever reads of a failure; may be
  /// empty.
  virtual std::string last_words(Host /*host*/) { return {}; }
};

std::unique_ptr<World> make_real_world();
std::unique_ptr<World> make_simulated_world();

/// The names by which hosts know each other.
inline std::string name_of(Host host) { return host == Host::a ? "nodeA" : "nodeB"; }

}  // namespace upbeat::test
