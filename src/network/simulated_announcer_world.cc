// SPDX-License-Identifier: Apache-2.0
// The announcer contract's simulated world: the twin, in virtual time.
#include "clock/simulated_clock.h"
#include "network/contract_world.h"
#include "network/simulated_announcer.h"

namespace upbeat::test {
namespace {

using namespace std::chrono_literals;

class SimulatedWorld final : public World {
 public:
  SimulatedWorld() {
    announcer_.start(ear_);
    for (const auto* device : {"tap0", "tap1"}) announcer_.plug(device);
  }

  Announcer& announcer() override { return announcer_; }
  Ear& ear() override { return ear_; }
  bool wait(const std::function<bool()>& enough) override {
    for (int i = 0; i < 1'000 && !enough(); ++i) clock_.advance(1ms);
    return enough();
  }
  void guest_sends(const std::string& device, const std::optional<Claim>& claim) override {
    announcer_.guest_sends(device, claim);
  }
  void hypervisor_announces(const std::string& /*device*/, const MacAddress& /*mac*/) override {}
  void other_sends(const Claim& claim) override { announcer_.others_claim(claim); }
  std::vector<std::string> told() override {
    std::vector<std::string> list;
    for (; told_ < announcer_.told().size(); ++told_) list.push_back(announcer_.told()[told_].what);
    return list;
  }
  void unplug(const std::string& device) override { announcer_.unplug(device); }

 private:
  SimulatedClock clock_;
  Ear ear_;
  SimulatedAnnouncer announcer_{clock_};
  std::size_t told_ = 0;
};

}  // namespace

std::unique_ptr<World> make_simulated_world() { return std::make_unique<SimulatedWorld>(); }

}  // namespace upbeat::test
