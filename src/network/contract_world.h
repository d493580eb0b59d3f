// SPDX-License-Identifier: Apache-2.0
// What the announcer's contract test needs of a world: guests on two bridges, and their neighbours.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "network/claim.h"
#include "ports/announcer.h"

namespace upbeat::test {

/// What was told, in order.
struct Ear final : AnnouncerListener {
  std::vector<std::string> heard;
  std::vector<std::pair<std::string, std::string>> learned;

  void on_heard(const std::string& device) override { heard.push_back(device); }
  void on_learned(const std::string& device, const std::string& known) override {
    learned.emplace_back(device, known);
  }
};

/// Guests' devices "tap0" and "tap1" are on one bridge; "tap3" is on none.
class World {
 public:
  World() = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  virtual ~World() = default;

  virtual Announcer& announcer() = 0;
  virtual Ear& ear() = 0;
  /// Lets time pass until `enough` says so; false if it never does.
  virtual bool wait(const std::function<bool()>& enough) = 0;
  /// The guest behind the device sends a claim, or something that is none.
  virtual void guest_sends(const std::string& device, const std::optional<Claim>& claim) = 0;
  /// Its hypervisor sends RARP in its name.
  virtual void hypervisor_announces(const std::string& device, const MacAddress& mac) = 0;
  /// Somebody else on the network of tap0 sends a claim, to all.
  virtual void other_sends(const Claim& claim) = 0;
  /// What came out of the network of tap0 since the last call: "MAC" of a RARP request, "MAC IP" of
  /// a claim.
  virtual std::vector<std::string> told() = 0;
  virtual void unplug(const std::string& device) = 0;
};

std::unique_ptr<World> make_bridge_world();
std::unique_ptr<World> make_simulated_world();

}  // namespace upbeat::test
