// SPDX-License-Identifier: Apache-2.0
// What is known of a kernel watchdog, and whether that will do.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace upbeat {

/// Where a watchdog is, and where the kernel tells about it.
struct WatchdogPlace {
  std::string device = "/dev/watchdog";
  std::string sysfs = "/sys";
};

/// Empty: not known, because the kernel or the driver does not tell.
struct WatchdogFacts {
  std::optional<std::uint32_t> options;  ///< WDIOF_… of linux/watchdog.h
  std::optional<bool> no_way_out;        ///< once armed it cannot be disarmed
  std::optional<std::chrono::seconds> timeout;
  std::optional<std::chrono::seconds> min_timeout;
  std::optional<std::chrono::seconds> max_timeout;
  /// Somebody has armed it; if nobody holds it, its holder ended and left it so.
  bool armed = false;
};

/// What sysfs tells without opening the device, because opening a watchdog arms it. The device is
/// known by its number, not by its name. A file that is not there leaves its fact empty.
/// Source: Linux, Documentation/ABI/testing/sysfs-class-watchdog.
[[nodiscard]] WatchdogFacts look_at_watchdog(const WatchdogPlace& place);

inline constexpr const char* no_watchdog =
    "it is no watchdog; correct device in [watchdog] of upbeat.toml";

/// Whether a file of this kind (`st_mode`) may be opened to ask whether it is one. Character
/// devices are; a regular file may be, served by a program through FUSE, and opening another one
/// does no harm. Opening a FIFO would wait for ever.
[[nodiscard]] bool may_be_watchdog(mode_t mode);

/// A feed counts twice. When a process that holds an armed watchdog ends, the kernel feeds it once
/// more (`watchdog_release` of drivers/watchdog/watchdog_dev.c: "watchdog did not stop!"), however
/// long ago the process did. A device is therefore told a half of the time that is promised.
inline constexpr int lives_of_a_feed = 2;

/// The daemon feeds each second what it hears from the others, which may be 2 s late; less than
/// this on the device would reset a host that is well.
inline constexpr std::chrono::seconds least_device_timeout{5};

/// The time for the device, in the whole seconds that a device is told, by which the host is reset
/// within `timeout` of the last feed whatever becomes of the daemon. The error says why, not where.
[[nodiscard]] Result<std::chrono::seconds> device_timeout(std::chrono::milliseconds timeout);

/// Whether the device can be trusted with `wanted`, as far as is known. The error says why not and
/// what to do, not which device.
[[nodiscard]] Result<void> usable(const WatchdogFacts& facts, std::chrono::seconds wanted);

/// What a driver made of what it was told.
struct WatchdogSetting {
  std::chrono::seconds timeout{0};
  std::chrono::seconds pretimeout{0};  ///< so much before the end the driver may end it already
};
[[nodiscard]] Result<void> good_enough(const WatchdogSetting& setting, std::chrono::seconds wanted);

/// Why a device could not be opened and what to do about it, from the `errno` of open(2).
[[nodiscard]] std::string why_not_opened(int error_number);

}  // namespace upbeat
