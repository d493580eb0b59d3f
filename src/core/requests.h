// SPDX-License-Identifier: Apache-2.0
// Whether what an operator asks for can be granted; the same test at the door and in `apply`. Pure.
#pragma once

#include "base/result.h"
#include "core/event.h"
#include "core/state.h"

namespace upbeat {

/// Nothing, or one sentence: what was asked, why it cannot be done, what to do. Events that nobody
/// asks for are always granted.
[[nodiscard]] Result<void> check_request(const State& state, const Event& request);

}  // namespace upbeat
