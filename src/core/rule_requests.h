// SPDX-License-Identifier: Apache-2.0
// Whether a rule that an operator asks for can be granted. Pure.
#pragma once

#include "base/result.h"
#include "core/state.h"

namespace upbeat {

/// Nothing, or one sentence: what was asked, why it cannot be done, what to do. A rule may be
/// broken when it is defined; it may not contradict another strict one.
[[nodiscard]] Result<void> check_rule(const State& state, const Rule& rule);

}  // namespace upbeat
