// SPDX-License-Identifier: Apache-2.0
// The port for the host's watchdog: what resets the host when nobody feeds it.
#pragma once

#include <chrono>

#include "base/result.h"

namespace upbeat {

/// All calls belong to the loop's thread and return at once. A daemon that ends, however, leaves an
/// armed watchdog armed.
class Watchdog {
 public:
  Watchdog() = default;
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  virtual ~Watchdog() = default;

  /// Arms it, or arms it anew: from now on the host is reset, without regard for anything on it,
  /// `timeout` after it was fed last at the latest, also if the daemon ends meanwhile. It may be as
  /// soon as some half of that has gone by. An error (no such device, a driver that cannot keep
  /// this time) means that nothing may be promised of it.
  [[nodiscard]] virtual Result<void> arm(std::chrono::milliseconds timeout) = 0;
  [[nodiscard]] virtual Result<void> feed() = 0;
  /// An error (a driver that knows no way out) means that it is armed still.
  [[nodiscard]] virtual Result<void> disarm() = 0;
};

}  // namespace upbeat
