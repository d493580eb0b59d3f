// SPDX-License-Identifier: Apache-2.0
// What should be done now: the coordinator's judgement. Pure.
#pragma once

#include <cstddef>
#include <vector>

#include "core/decision.h"
#include "core/state.h"

namespace upbeat {

/// What the coordinator should have done now, in the order to be applied; empty when all is well or
/// under way. Calling it again on the state after those decisions gives none of them again.
[[nodiscard]] std::vector<Decision> decide(const State& state);

/// Decisions that are taken at once at most: with their reasons they fit one message.
inline constexpr std::size_t decisions_limit = 512;

/// When `decide` may have something new to say although nothing but time passed; for tests and
/// simulation. Zero: no such time.
inline constexpr std::chrono::milliseconds unseen_grace{
    60'000};  ///< before an unseen node is fenced
/// Migrations out of one node at a time. The wire carries one at full speed; two that are copied at
/// once take longer each and make each other's guests stand still longer (measured:
/// docs/measuring.md). So the second one begins only when the first will soon be over: it is made
/// ready at its target meanwhile.
inline constexpr std::uint32_t moves_from_limit = 2;
inline constexpr std::uint32_t moves_to_limit = 2;  ///< and into one
/// That soon. It is less than `longer_pause_after`, so that nobody pays for having waited.
inline constexpr std::chrono::milliseconds next_move_begins_before{4'000};

}  // namespace upbeat
