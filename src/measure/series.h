// SPDX-License-Identifier: Apache-2.0
// What probing one guest brought: when each probe left, and when its answer came.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace upbeat::measure {

/// CLOCK_MONOTONIC: setting the wall clock does not move it.
using Instant = std::chrono::steady_clock::time_point;

/// The place of "no answer yet" in time.
inline constexpr Instant never = Instant::max();

/// One probe. `sent` is read just before it is handed to the kernel, `answered` is the kernel's
/// stamp of the first answer; `never` if none came.
struct Probe {
  Instant sent;
  Instant answered = never;
  bool operator==(const Probe&) const = default;
};

/// All probes of one guest, in the order of sending.
struct Series {
  std::vector<Probe> probes;
  /// When an answer came to a probe that had its answer already. A guest that answers twice may be
  /// two guests.
  std::vector<Instant> duplicates;
  std::uint64_t unsendable = 0;  ///< probes that the kernel did not take; not among `probes`
};

/// A stretch of time: `from` belongs to it, `to` does not.
struct Window {
  Instant from = Instant::min();
  Instant to = Instant::max();
};

}  // namespace upbeat::measure
