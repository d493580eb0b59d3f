// SPDX-License-Identifier: Apache-2.0
// What the daemon tells the service manager that started it.
#include "shutdown/service_manager.h"

#include <systemd/sd-daemon.h>

#include <algorithm>

namespace upbeat {

void notify_ready() { sd_notify(0, "READY=1"); }

void notify_status(const std::string& text) {
  // A line break would begin another assignment.
  std::string line = "STATUS=" + text;
  std::ranges::replace(line, '\n', ' ');
  sd_notify(0, line.c_str());
}

void notify_stopping() { sd_notify(0, "STOPPING=1"); }

void notify_watchdog() { sd_notify(0, "WATCHDOG=1"); }

void notify_extend_timeout(std::chrono::milliseconds from_now) {
  const auto us = std::chrono::microseconds(from_now).count();
  sd_notify(0, ("EXTEND_TIMEOUT_USEC=" + std::to_string(us)).c_str());
}

std::optional<std::chrono::milliseconds> watchdog_period() {
  std::uint64_t period_us = 0;
  if (sd_watchdog_enabled(0, &period_us) <= 0) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::microseconds(period_us));
}

}  // namespace upbeat
