// SPDX-License-Identifier: Apache-2.0
// When a guest that is on its way has to be helped along, and how far. Pure.
#pragma once

#include <optional>
#include <string>

#include "core/move_step.h"
#include "core/state.h"

namespace upbeat {

/// After so long on its way a guest may stand still for longer, since it may write faster than its
/// memory can be copied.
inline constexpr ClusterTime longer_pause_after{5'000};
inline constexpr ClusterTime long_pause_after{20'000};
/// Where no deadline says when: so long after that its processors are throttled, unless its memory
/// takes longer than this to be copied even once.
inline constexpr ClusterTime slowed_down_after{120'000};

/// Copies of the whole memory for which there has to be time when a guest is slowed down (its
/// migration begins anew), and when it is made to stand still.
inline constexpr int copies_to_slow_down = 8;
inline constexpr int copies_to_stand_still = 2;

struct Haste {
  MoveStep step = MoveStep::live;
  std::string why;
};

/// The step that the guest's migration should take now; none if it has, or if nothing of
/// it is copied yet.
[[nodiscard]] std::optional<Haste> haste_due(const State& state, const VmRecord& vm);

/// Why the guest's migration is to be called off, so that there is time left to shut the guest down
/// where it is: what is left of it would not be over by then, even if it stood still. Empty: it is
/// not to be.
[[nodiscard]] std::string why_too_late(const State& state, const VmRecord& vm);

}  // namespace upbeat
