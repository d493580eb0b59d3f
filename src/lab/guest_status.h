// SPDX-License-Identifier: Apache-2.0
// What a guest says of itself when asked over the network.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "lab/names.h"

namespace upbeat::lab {

struct GuestStatus {
  std::string vm;
  std::string boot_id;  ///< changes with every boot, stays through a live migration
  double uptime_s = 0;
  std::uint64_t memory_checks = 0;
  std::uint64_t memory_errors = 0;  ///< pages that did not hold what the guest had written
  std::uint64_t disk_writes = 0;
  std::uint64_t disk_errors = 0;
  std::uint64_t stack_echoes = 0;  ///< ICMP echo requests that reached the guest's network stack
};

[[nodiscard]] Result<GuestStatus> parse_guest_status(const std::string& line);

/// Asks the guest at `address` from the gateway; the calling thread stays in its own network.
[[nodiscard]] Result<GuestStatus> guest_status(const Names& names, const std::string& address,
                                               std::chrono::milliseconds limit);

}  // namespace upbeat::lab
