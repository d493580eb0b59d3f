// SPDX-License-Identifier: Apache-2.0
// Whether a watchdog leaves the cluster the time that it needs when one of its hosts dies.
#pragma once

#include <chrono>

#include "base/result.h"
#include "ports/engine.h"

namespace upbeat {

/// How long nobody may be fed beside the time in which a ring forms: a second since the last sign
/// went (self_fence.h), and about one until all are in step and a majority remembers the new view.
inline constexpr std::chrono::milliseconds feeding_gap{2'000};

/// An error says why a host that is well would be reset when another one dies, and what to set.
///
/// Such a watchdog is not used at all. Without it the guests of a host that died wait for a fence
/// device or an operator; with it the first host that dies takes all others along, and all guests.
[[nodiscard]] Result<void> leaves_time_for_a_ring(std::chrono::milliseconds timeout,
                                                  const RingTiming& ring);

}  // namespace upbeat
