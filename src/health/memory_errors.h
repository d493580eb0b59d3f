// SPDX-License-Identifier: Apache-2.0
// Errors of the host's memory, as the kernel's EDAC counts them: admin-guide/ras.rst.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "health/finding.h"
#include "ports/clock.h"

namespace upbeat {

/// What a memory controller has counted since it was reset, as a rule since the host booted.
struct MemoryCounts {
  std::string controller;  ///< "mc0"
  std::uint64_t corrected = 0;
  std::uint64_t uncorrected = 0;
  std::optional<std::uint64_t> seconds_since_reset;
};

/// When memory is ill: with any error that could not be corrected, and with more than so many
/// corrected ones in 24 hours.
struct MemoryRule {
  std::uint64_t corrected_a_day = 0;  ///< 0: corrected errors do not matter
};

/// Judges one reading after another. Remembers the corrected errors of a day, by the hour; counters
/// that begin anew are no trouble. Of the first reading, which may be of a host that has been up
/// for long, the day's share counts.
class MemoryWatch {
 public:
  explicit MemoryWatch(MemoryRule rule) : rule_(rule) {}

  [[nodiscard]] std::vector<Finding> judge(const std::vector<MemoryCounts>& counts,
                                           MonotonicTime now);

 private:
  struct Day {
    std::uint64_t last = 0;                 ///< the counter at the last reading
    std::int64_t hour = 0;                  ///< of it
    std::array<std::uint64_t, 24> hours{};  ///< errors in each hour, by the hour modulo 24
  };

  [[nodiscard]] std::uint64_t in_a_day(const MemoryCounts& counts, MonotonicTime now);

  MemoryRule rule_;
  std::map<std::string, Day> days_;
};

/// Reads the counters of all memory controllers below `sysfs` ("/sys"); none: the host has no EDAC
/// driver.
[[nodiscard]] std::vector<MemoryCounts> read_memory_counts(const std::string& sysfs);

}  // namespace upbeat
