// SPDX-License-Identifier: Apache-2.0
// The announcer port's twin: networks in which a test says what is heard, and sees what was told.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "network/known_addresses.h"
#include "ports/announcer.h"
#include "ports/clock.h"

namespace upbeat {

class SimulatedAnnouncer final : public Announcer {
 public:
  explicit SimulatedAnnouncer(Clock& clock) : clock_(clock) {}

  void start(AnnouncerListener& listener) override { listener_ = &listener; }
  [[nodiscard]] Result<void> watch(const GuestInterface& interface,
                                   const std::string& known) override;
  void forget(const std::string& device) override { watched_.erase(device); }
  [[nodiscard]] Result<void> announce(const std::string& device) override;

  /// An announcement, as text: "52:54:00:00:00:01" or "52:54:00:00:00:01 10.0.0.1".
  struct Told {
    MonotonicTime at{};
    std::string what;
  };

  // What happens around it.
  void plug(const std::string& device) { devices_.insert(device); }
  void unplug(const std::string& device) { devices_.erase(device); }
  /// The guest behind the device sends something; it may be a claim.
  void guest_sends(const std::string& device, std::optional<Claim> claim = {});
  /// Somebody on the network of all devices claims an address.
  void others_claim(const Claim& claim);
  [[nodiscard]] const std::vector<Told>& told() const { return told_; }

 private:
  struct Watched {
    KnownAddresses known;
    bool heard = false;
  };

  void learn(const std::string& device, const Claim& claim);

  Clock& clock_;
  AnnouncerListener* listener_ = nullptr;
  std::set<std::string> devices_;
  std::map<std::string, Watched> watched_;
  std::vector<Told> told_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace upbeat
