// SPDX-License-Identifier: Apache-2.0
// The twin of a host's watchdog, in virtual time.
#include "fence/simulated_watchdog.h"

namespace upbeat {

Result<void> SimulatedWatchdog::arm(std::chrono::milliseconds timeout) {
  if (!refuses_.empty()) return fail("cannot arm the watchdog: " + refuses_);
  timeout_ = timeout;
  return feed();
}

Result<void> SimulatedWatchdog::feed() {
  if (!armed()) return fail("cannot feed the watchdog: it is not armed");
  fires_ = clock_.after(timeout_, [this] {
    timeout_ = {};
    reset_();
  });
  return {};
}

Result<void> SimulatedWatchdog::disarm() {
  timeout_ = {};
  fires_.cancel();
  return {};
}

}  // namespace upbeat
