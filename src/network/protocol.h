// SPDX-License-Identifier: Apache-2.0
// The numbers of Ethernet, ARP and IPv6 neighbour discovery that announcements are made of.
#pragma once

#include <cstddef>
#include <cstdint>

namespace upbeat::protocol {

// https://www.iana.org/assignments/ieee-802-numbers
inline constexpr std::uint16_t type_ipv4 = 0x0800;
inline constexpr std::uint16_t type_arp = 0x0806;
inline constexpr std::uint16_t type_rarp = 0x8035;
inline constexpr std::uint16_t type_ipv6 = 0x86dd;
inline constexpr std::size_t ethernet_header_bytes = 14;

// https://www.iana.org/assignments/arp-parameters
inline constexpr std::uint16_t hardware_ethernet = 1;
inline constexpr std::uint16_t arp_request = 1;
inline constexpr std::uint16_t arp_reply = 2;
inline constexpr std::uint16_t rarp_request = 3;

// RFC 8200, RFC 4443, RFC 4861
inline constexpr std::uint8_t next_icmpv6 = 58;
inline constexpr std::uint8_t neighbour_hop_limit = 255;
inline constexpr std::uint8_t router_advertisement = 134;
inline constexpr std::uint8_t neighbour_solicitation = 135;
inline constexpr std::uint8_t neighbour_advertisement = 136;
inline constexpr std::uint8_t flag_router = 0x80;
inline constexpr std::uint8_t flag_override = 0x20;
inline constexpr std::uint8_t option_source_address = 1;
inline constexpr std::uint8_t option_target_address = 2;

}  // namespace upbeat::protocol
