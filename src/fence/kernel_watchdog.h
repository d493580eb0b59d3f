// SPDX-License-Identifier: Apache-2.0
// The host's watchdog as Linux has it.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/fd.h"
#include "fence/watchdog_facts.h"
#include "ports/clock.h"
#include "ports/watchdog.h"

namespace upbeat {

/// A device such as /dev/watchdog, of hardware or of the module softdog.
///
/// An error's text names the device, what is wrong and what to do. A driver is trusted only if the
/// host is reset within the time whatever becomes of the daemon: the device is told half of it
/// (see `lives_of_a_feed`), and may thus reset the host when half of the time has gone.
///
/// Its end leaves an armed watchdog armed: it closes the device without the magic character, and
/// from then on nobody feeds it, except the next daemon's arm().
/// Source: Linux, Documentation/watchdog/watchdog-api.rst.
class KernelWatchdog final : public Watchdog {
 public:
  /// `clock` outlives the watchdog. Nothing is opened yet.
  explicit KernelWatchdog(Clock& clock, WatchdogPlace place = {})
      : clock_(clock), place_(std::move(place)) {}

  /// Looks at the device first, since opening it arms it. If it was not armed by this object, an
  /// error leaves it disarmed; where the driver knows no way back (nowayout), this object feeds it
  /// from then on itself, and the error says so. If it was, an error leaves it as it was.
  [[nodiscard]] Result<void> arm(std::chrono::milliseconds timeout) override;
  [[nodiscard]] Result<void> feed() override;
  /// After an error it is armed still, and can be fed. That nothing is armed is no error.
  [[nodiscard]] Result<void> disarm() override;

 private:
  Result<void> open();
  /// Tells the open device its time and feeds it.
  Result<void> set_up(std::chrono::seconds wanted);
  Result<void> set_timeout(std::chrono::seconds wanted);
  std::chrono::seconds clear_pretimeout();
  Result<void> switch_off();
  /// The host shall not be reset for the sake of a watchdog that was refused.
  Result<void> refuse(std::string why);
  void feed_on();
  [[nodiscard]] std::unexpected<Error> trouble(const char* verb, const std::string& why) const;

  Clock& clock_;
  WatchdogPlace place_;
  Fd fd_;
  WatchdogFacts facts_;
  std::optional<std::chrono::seconds> armed_with_;  ///< as the device was told
  Timer next_feed_;  ///< of a device that was refused and stays armed
};

}  // namespace upbeat
