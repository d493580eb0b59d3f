// SPDX-License-Identifier: Apache-2.0
// What a frame says of who has which address. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/addresses.h"
#include "network/announcement.h"

namespace upbeat {

/// Somebody says: this address is mine.
struct Claim {
  MacAddress mac;
  IpAddress address;
  std::optional<Role> role;  ///< none: it does not say

  bool operator==(const Claim&) const = default;
};

/// What of a frame `read_claim` looks at.
inline constexpr std::size_t claim_bytes = 128;

/// Reads a claim out of the beginning of an Ethernet frame, wherever it is from: the sender of an
/// ARP request or reply (RFC 826), the source of a neighbour solicitation or router advertisement,
/// the target of a neighbour advertisement (RFC 4861). Nothing if it is none of these; if it only
/// asks whether an address is free (RFC 5227's probe, RFC 4862's duplicate address detection); or
/// if the frame's source is not the interface that it speaks for.
[[nodiscard]] std::optional<Claim> read_claim(std::span<const std::uint8_t> frame);

}  // namespace upbeat
