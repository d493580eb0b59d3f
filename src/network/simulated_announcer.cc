// SPDX-License-Identifier: Apache-2.0
// The announcer port's twin: networks in which a test says what is heard, and sees what was told.
#include "network/simulated_announcer.h"

#include <utility>

namespace upbeat {

Result<void> SimulatedAnnouncer::watch(const GuestInterface& interface, const std::string& known) {
  watched_.erase(interface.device);
  if (!devices_.contains(interface.device)) {
    return fail("cannot listen to " + interface.device + ": it is on no bridge");
  }
  watched_.emplace(interface.device, Watched{KnownAddresses(interface.mac, known)});
  return {};
}

Result<void> SimulatedAnnouncer::announce(const std::string& device) {
  const auto found = watched_.find(device);
  if (found == watched_.end() || !devices_.contains(device)) {
    return fail("cannot announce who is at " + device + ": it is not listened to");
  }
  const auto& known = found->second.known;
  told_.push_back({clock_.now(), to_text(known.mac())});
  for (const auto& [address, role] : known.list()) {
    told_.push_back({clock_.now(), to_text(known.mac()) + " " + to_text(address)});
  }
  return {};
}

void SimulatedAnnouncer::guest_sends(const std::string& device, std::optional<Claim> claim) {
  clock_.post([this, device, claim, alive = std::weak_ptr(alive_)] {
    if (alive.expired() || !watched_.contains(device)) return;
    if (!std::exchange(watched_.at(device).heard, true)) listener_->on_heard(device);
    if (claim) learn(device, *claim);
  });
}

void SimulatedAnnouncer::others_claim(const Claim& claim) {
  clock_.post([this, claim, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    for (const auto& device : std::set(devices_)) learn(device, claim);
  });
}

void SimulatedAnnouncer::learn(const std::string& device, const Claim& claim) {
  const auto found = watched_.find(device);
  if (found != watched_.end() && found->second.known.hear(claim)) {
    listener_->on_learned(device, found->second.known.text());
  }
}

}  // namespace upbeat
