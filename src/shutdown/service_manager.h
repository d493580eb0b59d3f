// SPDX-License-Identifier: Apache-2.0
// What the daemon tells the service manager that started it, sd_notify(3).
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace upbeat {

// Without a service manager (NOTIFY_SOCKET is not set) and on a full socket these do nothing: each
// is said again or does not matter.

/// The daemon serves. For units with Type=notify.
void notify_ready();
/// One line for `systemctl status`.
void notify_status(const std::string& text);
/// The daemon is about to end; it may still take its time.
void notify_stopping();
/// A sign of life. To be given at least twice in each watchdog_period().
void notify_watchdog();
/// The start or stop under way takes this much longer, from now on, than the unit's time-out.
void notify_extend_timeout(std::chrono::milliseconds from_now);

/// WatchdogSec= of the unit, if it has one.
[[nodiscard]] std::optional<std::chrono::milliseconds> watchdog_period();

}  // namespace upbeat
