// SPDX-License-Identifier: Apache-2.0
// How a migration is helped to its end.
#pragma once

#include <chrono>
#include <cstdint>

namespace upbeat {

/// What a migration may cost its guest so that it comes to an end. Each step is taken in addition
/// to those before it, and never taken back.
enum class MoveStep : std::uint8_t {
  live,          ///< it stands still for 40 ms at most, in the end: most guests need far less
  longer_pause,  ///< for 300 ms at most, QEMU's own limit: users may notice
  long_pause,    ///< for 1 s at most
  slowed_down,   ///< its processors are throttled, more and more, until it writes less than is
                 ///< copied (QEMU's auto-converge)
  stand_still,   ///< it stands still from now on, until all of it is on the other host
};

/// How long the guest may stand still at the end of its migration.
[[nodiscard]] constexpr std::chrono::milliseconds pause_limit(MoveStep step) {
  switch (step) {
    case MoveStep::live:
      return std::chrono::milliseconds(40);
    case MoveStep::longer_pause:
      return std::chrono::milliseconds(300);
    case MoveStep::long_pause:
    case MoveStep::slowed_down:
    case MoveStep::stand_still:
      break;
  }
  return std::chrono::milliseconds(1000);
}

}  // namespace upbeat
