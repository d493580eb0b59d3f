// SPDX-License-Identifier: Apache-2.0
// What a frame says of who has which address. Pure.
#include "network/claim.h"

#include <algorithm>

#include "network/protocol.h"

namespace upbeat {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t mac_bytes = 6;
constexpr std::size_t arp_bytes = 28;
constexpr std::size_t ipv6_header_bytes = 40;
/// Of a neighbour solicitation or advertisement, with its target; a router advertisement has 16.
constexpr std::size_t neighbour_bytes = 24;
constexpr std::size_t router_bytes = 16;
constexpr std::size_t option_unit_bytes = 8;

std::uint16_t number(Bytes bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8U | bytes[at + 1]);
}

MacAddress mac_at(Bytes bytes, std::size_t at) {
  MacAddress mac;
  std::ranges::copy(bytes.subspan(at, mac_bytes), mac.bytes.begin());
  return mac;
}

bool is_group(const MacAddress& mac) { return (mac.bytes[0] & 1U) != 0; }

/// Not the unspecified, a loopback, a group's or a broadcast address.
bool names_one_host(Bytes address) {
  if (address.size() == 4) return address[0] != 0 && address[0] != 127 && address[0] < 224;
  const bool zero_but_last =
      std::ranges::all_of(address.first(15), [](std::uint8_t byte) { return byte == 0; });
  return address[0] != 0xff && !(zero_but_last && address[15] <= 1);
}

std::optional<Claim> claim_of(const MacAddress& mac, Bytes address, std::optional<Role> role = {}) {
  if (!names_one_host(address)) return std::nullopt;
  return Claim{mac, *IpAddress::of(address), role};
}

std::optional<Claim> read_arp(const MacAddress& from, Bytes packet) {
  if (packet.size() < arp_bytes) return std::nullopt;
  const bool ethernet_and_ipv4 = number(packet, 0) == protocol::hardware_ethernet &&
                                 number(packet, 2) == protocol::type_ipv4 && packet[4] == 6 &&
                                 packet[5] == 4;
  const auto operation = number(packet, 6);
  if (!ethernet_and_ipv4 ||
      (operation != protocol::arp_request && operation != protocol::arp_reply) ||
      mac_at(packet, 8) != from) {
    return std::nullopt;
  }
  return claim_of(from, packet.subspan(14, 4));
}

/// Whether an option names a link-layer address and it is not `from`: then it speaks for another.
bool speaks_for_another(const MacAddress& from, Bytes options, std::uint8_t kind) {
  while (options.size() >= option_unit_bytes) {
    const std::size_t length = options[1] * option_unit_bytes;
    if (length == 0 || length > options.size()) return false;
    if (options[0] == kind) return mac_at(options, 2) != from;
    options = options.subspan(length);
  }
  return false;
}

std::optional<Claim> read_neighbour(const MacAddress& from, Bytes packet) {
  if (packet.size() < ipv6_header_bytes + router_bytes || packet[0] >> 4U != 6 ||
      packet[6] != protocol::next_icmpv6 || packet[7] != protocol::neighbour_hop_limit) {
    return std::nullopt;
  }
  const auto source = packet.subspan(8, 16);
  // What follows the packet in the frame is padding.
  const auto message =
      packet.subspan(ipv6_header_bytes,
                     std::min<std::size_t>(number(packet, 4), packet.size() - ipv6_header_bytes));
  if (message.size() < router_bytes || message[1] != 0) return std::nullopt;
  if (message[0] == protocol::router_advertisement) {
    const bool forwards = number(message, 6) != 0;  // its lifetime as a router
    return claim_of(from, source, forwards ? Role::router : Role::host);
  }
  if (message.size() < neighbour_bytes) return std::nullopt;
  const auto options = message.subspan(neighbour_bytes);
  if (message[0] == protocol::neighbour_solicitation) {
    if (speaks_for_another(from, options, protocol::option_source_address)) return std::nullopt;
    return claim_of(from, source);
  }
  if (message[0] != protocol::neighbour_advertisement ||
      speaks_for_another(from, options, protocol::option_target_address)) {
    return std::nullopt;
  }
  const bool forwards = (message[4] & protocol::flag_router) != 0;
  return claim_of(from, message.subspan(8, 16), forwards ? Role::router : Role::host);
}

}  // namespace

std::optional<Claim> read_claim(std::span<const std::uint8_t> frame) {
  if (frame.size() < protocol::ethernet_header_bytes) return std::nullopt;
  const auto from = mac_at(frame, mac_bytes);
  if (is_group(from)) return std::nullopt;
  const auto packet = frame.subspan(protocol::ethernet_header_bytes);
  switch (number(frame, 2 * mac_bytes)) {
    case protocol::type_arp:
      return read_arp(from, packet);
    case protocol::type_ipv6:
      return read_neighbour(from, packet);
    default:
      return std::nullopt;
  }
}

}  // namespace upbeat
