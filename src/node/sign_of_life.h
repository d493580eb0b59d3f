// SPDX-License-Identifier: Apache-2.0
// What a node knows when something that it said through the order has come back to it.
#pragma once

#include <optional>

#include "ports/clock.h"

namespace upbeat {

/// That it came back proves little: an engine that stood still while the others gave it up may hold
/// their token when it goes on, and deliver to its own daemon what nobody else will ever hear. But
/// it holds it once. What was sent after another had come back needs the token a second time, and
/// so all others must have passed it on in between (the engine's contract).
struct SignOfLife {
  MonotonicTime sent{};
  /// The ring was whole after this: the newest that had come back when this one was sent went then.
  /// None: none had.
  std::optional<MonotonicTime> whole_after;
};

}  // namespace upbeat
