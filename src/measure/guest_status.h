// SPDX-License-Identifier: Apache-2.0
// What a lab's guest says of itself: whether it is still the same boot, and its memory unharmed.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace upbeat::measure {

inline constexpr std::uint16_t guest_status_port = 7000;

/// The guest's own words (src/lab/guest): counts begin at its boot.
struct GuestStatus {
  std::string vm;
  std::string boot_id;  ///< a new one each boot: /proc/sys/kernel/random/boot_id
  double uptime_s = 0;
  std::uint64_t memory_checks = 0;  ///< checked pieces of the checksummed buffer
  std::uint64_t memory_errors = 0;  ///< of those, the ones that held something else than written
  std::uint64_t disk_writes = 0;
  std::uint64_t disk_errors = 0;
  bool operator==(const GuestStatus&) const = default;
};

/// Reads the line that the guest sends to whoever connects. Blocks for up to `timeout`.
[[nodiscard]] Result<GuestStatus> read_guest_status(const std::string& netns_path,
                                                    const std::string& address,
                                                    std::chrono::milliseconds timeout,
                                                    std::uint16_t port = guest_status_port);

/// Reads the line itself: one JSON object with the fields of GuestStatus.
[[nodiscard]] Result<GuestStatus> parse_guest_status(std::string_view line);

}  // namespace upbeat::measure
