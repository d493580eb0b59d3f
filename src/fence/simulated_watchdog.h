// SPDX-License-Identifier: Apache-2.0
// The twin of a host's watchdog, in virtual time.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "ports/clock.h"
#include "ports/watchdog.h"

namespace upbeat {

/// Belongs to the host, not to a daemon on it. Single-threaded.
class SimulatedWatchdog final : public Watchdog {
 public:
  /// `reset` is called in a turn of its own. `clock` outlives the watchdog.
  SimulatedWatchdog(Clock& clock, std::function<void()> reset)
      : clock_(clock), reset_(std::move(reset)) {}

  [[nodiscard]] Result<void> arm(std::chrono::milliseconds timeout) override;
  [[nodiscard]] Result<void> feed() override;
  [[nodiscard]] Result<void> disarm() override;

  /// From now on arming fails for this reason; "": it works again.
  void refuse(std::string why) { refuses_ = std::move(why); }
  [[nodiscard]] bool armed() const { return timeout_.count() != 0; }

 private:
  Clock& clock_;
  std::function<void()> reset_;
  std::string refuses_;
  std::chrono::milliseconds timeout_{0};  ///< 0: not armed
  Timer fires_;
};

}  // namespace upbeat
