// SPDX-License-Identifier: Apache-2.0
// The second net: whether a daemon that is told to stop is told so because the system goes down.
#pragma once

#include "base/result.h"

namespace upbeat {

/// Whether systemd is taking this system down: `shutdown.target` is active or has a job, which is
/// when SystemState of org.freedesktop.systemd1(5) is "stopping". It is so before the first unit
/// gets its SIGTERM, and not yet for a shutdown that is only scheduled.
///
/// Asks process 1 over the system bus and, where that is gone already, over systemd's own socket.
/// Blocks at most `system_state_timeout_ms` for each. For the moment of SIGTERM, not for polling.
[[nodiscard]] Result<bool> system_is_going_down();

inline constexpr int system_state_timeout_ms = 2000;

}  // namespace upbeat
