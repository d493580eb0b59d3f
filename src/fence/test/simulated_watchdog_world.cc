// SPDX-License-Identifier: Apache-2.0
// The watchdog's twin, on a host in virtual time.
#include "clock/simulated_clock.h"
#include "fence/simulated_watchdog.h"
#include "fence/test/watchdog_world.h"

namespace upbeat {
namespace {

class SimulatedWatchdogWorld final : public WatchdogWorld {
 public:
  Result<void> arm(std::chrono::milliseconds timeout) override { return watchdog_.arm(timeout); }
  Result<void> feed() override { return watchdog_.feed(); }
  Result<void> disarm() override { return watchdog_.disarm(); }
  // The twin belongs to the host, not to the daemon.
  void kill_daemon() override {}
  void pass(std::chrono::milliseconds time) override { clock_.advance(time); }
  [[nodiscard]] std::chrono::milliseconds now() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now());
  }
  [[nodiscard]] std::optional<std::chrono::milliseconds> reset_at() const override {
    return reset_at_;
  }

 private:
  SimulatedClock clock_;
  std::optional<std::chrono::milliseconds> reset_at_;
  SimulatedWatchdog watchdog_{clock_, [this] { reset_at_ = now(); }};
};

}  // namespace

std::unique_ptr<WatchdogWorld> make_simulated_watchdog_world() {
  return std::make_unique<SimulatedWatchdogWorld>();
}

}  // namespace upbeat
