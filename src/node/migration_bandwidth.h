// SPDX-License-Identifier: Apache-2.0
// How much of the wire this host's migrations may take: all that they are allowed while the
// cluster's own messages pass as usual, and less when these are held up. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "ports/clock.h"

namespace upbeat {

/// The messages are held up when they take `held_up_factor` times what is usual, and at least
/// `least_held_up`: below that no ring breaks (Corosync's token is lost after a second by default).
inline constexpr int held_up_factor = 4;
inline constexpr std::chrono::milliseconds least_held_up{30};
/// Until it has been seen, this is taken for usual; and no more than the longest ever is: where
/// everything is slow, a ring is near its end.
inline constexpr std::chrono::milliseconds first_usual{2};
inline constexpr std::chrono::milliseconds longest_usual{50};
/// A migration is never given less, or it would never end.
inline constexpr std::uint64_t least_mib_per_s = 4;
/// After it was halved, it is not halved again before that can have shown; and it grows by a
/// `growth_part`th each `growth_pause` in which nothing was held up.
inline constexpr std::chrono::milliseconds halving_pause{1'000};
inline constexpr std::chrono::milliseconds growth_pause{1'000};
inline constexpr std::uint64_t growth_part = 8;

/// The migrations that leave this host now.
struct OutgoingTraffic {
  std::size_t migrations = 0;
  std::uint64_t mib_per_s = 0;  ///< what they copy together
};

enum class Change : std::uint8_t { none, less, more };

/// Additive would be too slow from a gigabit down and too fast from a megabit up: it halves and
/// grows by parts, as congestion control does (RFC 5681 halves, too).
class MigrationBandwidth {
 public:
  /// `configured` for all migrations of this host together; none: as much as there is room for.
  explicit MigrationBandwidth(std::optional<std::uint64_t> configured_mib_per_s)
      : configured_(configured_mib_per_s), total_(configured_mib_per_s) {}

  /// A message took `latency` through the cluster's order, or has taken so long and is not back.
  /// While nothing migrates that teaches what is usual. What became of the limit.
  Change heard(std::chrono::microseconds latency, const OutgoingTraffic& traffic,
               MonotonicTime now);

  /// What each of so many migrations gets; none: as much as there is room for.
  [[nodiscard]] std::optional<std::uint64_t> each(std::size_t migrations) const;
  /// Whether the migrations get less than they are allowed.
  [[nodiscard]] bool holds_back() const { return total_ && total_ != configured_; }
  /// A sentence about the limit, for people.
  [[nodiscard]] std::string words() const;

 private:
  void learn(std::chrono::microseconds latency);
  [[nodiscard]] bool is_held_up(std::chrono::microseconds latency) const;
  Change halve(const OutgoingTraffic& traffic);
  Change grow();

  std::optional<std::uint64_t> configured_;
  std::optional<std::uint64_t> total_;
  std::chrono::microseconds usual_ = first_usual;
  std::chrono::microseconds worst_{0};  ///< when it was last halved
  std::uint64_t peak_ = 0;              ///< what was copied when it was first halved
  MonotonicTime halved_{};
  MonotonicTime changed_{};
};

}  // namespace upbeat
