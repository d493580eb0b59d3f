// SPDX-License-Identifier: Apache-2.0
// For tests: a host with a watchdog, and a daemon on it, as the watchdog's contract wants them.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "ports/watchdog.h"

namespace upbeat {

/// At the beginning the host is up, its watchdog is not armed, and its daemon runs. All times are
/// the host's own. A failure of the world itself (not of the watchdog) throws.
class WatchdogWorld {
 public:
  WatchdogWorld() = default;
  WatchdogWorld(const WatchdogWorld&) = delete;
  WatchdogWorld& operator=(const WatchdogWorld&) = delete;
  virtual ~WatchdogWorld() = default;

  /// What the daemon asks of the watchdog.
  virtual Result<void> arm(std::chrono::milliseconds timeout) = 0;
  virtual Result<void> feed() = 0;
  virtual Result<void> disarm() = 0;
  /// The daemon is killed, and not started again.
  virtual void kill_daemon() = 0;

  /// Lets time pass on the host until so much is over, or the host is reset.
  virtual void pass(std::chrono::milliseconds time) = 0;
  [[nodiscard]] virtual std::chrono::milliseconds now() const = 0;
  /// When the host was reset, if it was.
  [[nodiscard]] virtual std::optional<std::chrono::milliseconds> reset_at() const = 0;
};

using MakeWatchdogWorld = std::unique_ptr<WatchdogWorld> (*)();
std::unique_ptr<WatchdogWorld> make_simulated_watchdog_world();
/// Linux in QEMU, with a watchdog of its own, and with the chipset's.
std::unique_ptr<WatchdogWorld> make_softdog_world();
std::unique_ptr<WatchdogWorld> make_chipset_watchdog_world();
/// What a node of the lab has. Needs root and /dev/fuse.
std::unique_ptr<WatchdogWorld> make_lab_watchdog_world();

}  // namespace upbeat
