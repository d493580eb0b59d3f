// SPDX-License-Identifier: Apache-2.0
// Whether a world has come to rest.
#pragma once

#include <string>

#include "sim/world.h"

namespace upbeat {

/// What the world is still doing, for people ("x1 is starting"): a machine boots or goes down,
/// members agree on a view, a node is being proved off, a guest moves or boots or will be tried
/// again. Empty: nothing goes on and, left alone, nothing will.
[[nodiscard]] std::string under_way(const World& world);

/// Tries to prove a node off that failed before nobody waits for the next one any more.
inline constexpr std::uint32_t fence_failures_waited_for = 3;

}  // namespace upbeat
