// SPDX-License-Identifier: Apache-2.0
// What the cluster does where there is more than one sensible thing to do; operators choose.
#pragma once

#include <cstdint>

namespace upbeat {

/// Whether a guest that had to leave its home, the node where an operator last had it, goes back.
enum class Failback : std::uint8_t {
  stay,     ///< it stays where it is
  go_home,  ///< it is moved back, live, once its home takes it again
};

/// What happens to the guests of a node that is told to go down.
enum class OnShutdown : std::uint8_t {
  migrate,  ///< they move, live
  restart,  ///< they are shut down and boot elsewhere
  hold,     ///< they are shut down and boot there when the node is back
};

/// A guest that does not start, or that dies, is started again: first `restart_tries_here` times
/// where it was, then `restart_tries_elsewhere` times on other nodes; then it is given up. A start
/// that failed counts as one of the tries.
struct Policy {
  std::uint32_t restart_tries_here = 1;
  std::uint32_t restart_tries_elsewhere = 2;
  Failback failback = Failback::stay;
  OnShutdown on_shutdown = OnShutdown::migrate;
  /// A node that was lost so often within the window, and is back, is quarantined; 0: never.
  std::uint32_t quarantine_losses = 3;
  std::uint32_t quarantine_window_s = 3600;
  bool operator==(const Policy&) const = default;
};

inline constexpr std::uint32_t restart_tries_limit = 100;  ///< for each of the two
inline constexpr std::uint32_t quarantine_losses_limit = 100;
inline constexpr std::uint32_t quarantine_window_least_s = 60;
inline constexpr std::uint32_t quarantine_window_most_s = 7 * 24 * 3600;
/// Moves off a quarantined node that fail in a row before the guest stays where it is.
inline constexpr std::uint32_t quarantine_tries_limit = 3;
/// Moves home that fail in a row before the guest stays where it is.
inline constexpr std::uint32_t failback_tries_limit = 3;

}  // namespace upbeat
