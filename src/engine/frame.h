// SPDX-License-Identifier: Apache-2.0
// What the Corosync adapters of one cluster say to each other in the process group.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ports/engine.h"

namespace upbeat {

/// A member introduces itself for one round (see ViewAssembler).
struct Greeting {
  std::uint64_t round = 0;        ///< fingerprint of the ring and the group it is said in
  std::uint64_t incarnation = 0;  ///< of the one who says it
  bool quorate = false;           ///< what its own quorum service said of this ring
  std::vector<NodeId> together;   ///< members of its last view that came here with it, and itself
  std::vector<Member> missed;     ///< the other members of that view

  bool operator==(const Greeting&) const = default;
};

/// "I have waited long enough for the silent ones of this round."
struct Proceed {
  std::uint64_t round = 0;

  bool operator==(const Proceed&) const = default;
};

/// The quorum service of a member changed its mind within a ring.
struct QuorumTurn {
  RingId ring;
  bool quorate = false;

  bool operator==(const QuorumTurn&) const = default;
};

/// A message of the adapter's user.
struct Payload {
  std::string bytes;

  bool operator==(const Payload&) const = default;
};

using Frame = std::variant<Greeting, Proceed, QuorumTurn, Payload>;

/// A frame is `frame_head` followed, for a Payload, by its bytes as they are: so a user's message
/// is never copied to be sent.
[[nodiscard]] std::string encode(const Frame& frame);
inline constexpr std::string_view payload_head = "\x01m";

/// None when the bytes are no frame of this version.
[[nodiscard]] std::optional<Frame> decode(std::string_view bytes);

}  // namespace upbeat
