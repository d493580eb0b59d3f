// SPDX-License-Identifier: Apache-2.0
// Values with every field set, for wire's tests: one of each kind that there is.
#pragma once

#include <vector>

#include "wire/wire.h"

namespace upbeat {

/// One of each event, in the variant's order; the last holds one of each action.
[[nodiscard]] std::vector<Event> sample_events();

/// Nodes in each standing, guests in each phase.
[[nodiscard]] State sample_state();

/// One of each message, in the variant's order.
[[nodiscard]] std::vector<Message> sample_messages();

}  // namespace upbeat
