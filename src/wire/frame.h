// SPDX-License-Identifier: Apache-2.0
// The frame around everything that is written or sent: kind, format and checksum. Internal to wire.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace upbeat::wire {

/// What a frame holds.
enum class Kind : std::uint8_t { event, state, message };

/// "event", "snapshot", "message".
[[nodiscard]] const char* name_of(Kind kind);

/// What came out of a frame: the body's bytes and the format of who wrote them.
struct Opened {
  std::string body;
  std::uint32_t format = 0;
};

/// `needs` is the oldest format whose readers understand the body.
[[nodiscard]] std::string seal(Kind kind, std::uint32_t needs, std::string body);

/// The body, unless the bytes are too long, damaged, of another kind, or need a newer format than
/// `knows`.
[[nodiscard]] Result<Opened> open(Kind kind, std::uint32_t knows, const std::string& bytes);

}  // namespace upbeat::wire
