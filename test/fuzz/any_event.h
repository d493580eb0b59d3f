// SPDX-License-Identifier: Apache-2.0
// Events out of a fuzzer's bytes: any kind, about few nodes and guests, so that they meet.
#pragma once

#include <fuzzer/FuzzedDataProvider.h>

#include "core/event.h"
#include "core/state.h"

namespace upbeat::fuzz {

/// An event that a member may put into the order when this is the state. Only its shape is right
/// (lists are sorted, a view has the next epoch); what it says may be any nonsense.
[[nodiscard]] Event any_event(FuzzedDataProvider& input, const State& state);

}  // namespace upbeat::fuzz
