// SPDX-License-Identifier: Apache-2.0
// The frames that tell a network where an address is. Pure.
#include "network/announcement.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "network/protocol.h"

namespace upbeat {
namespace {

constexpr std::size_t least_frame_bytes = 60;
constexpr MacAddress everybody{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
/// RFC 2464, 7: the Ethernet address of the group ff02::1.
constexpr MacAddress all_nodes_mac{{0x33, 0x33, 0, 0, 0, 1}};
constexpr std::array<std::uint8_t, 16> all_nodes{0xff, 0x02, 0, 0, 0, 0, 0, 0,
                                                 0,    0,    0, 0, 0, 0, 0, 1};

/// Bytes in network order, one after another.
class Writer {
 public:
  Writer& bytes(std::span<const std::uint8_t> more) {
    frame_.insert(frame_.end(), more.begin(), more.end());
    return *this;
  }
  Writer& byte(std::uint8_t value) {
    frame_.push_back(value);
    return *this;
  }
  Writer& number(std::uint16_t value) {
    return byte(static_cast<std::uint8_t>(value >> 8U)).byte(static_cast<std::uint8_t>(value));
  }
  Writer& ethernet(const MacAddress& to, const MacAddress& from, std::uint16_t type) {
    return bytes(to.bytes).bytes(from.bytes).number(type);
  }
  [[nodiscard]] EthernetFrame frame() && {
    frame_.resize(std::max(frame_.size(), least_frame_bytes));
    return std::move(frame_);
  }

 private:
  EthernetFrame frame_;
};

/// RFC 826's packet, which RARP shares.
Writer& arp(Writer& out, std::uint16_t operation) {
  return out.number(protocol::hardware_ethernet)
      .number(protocol::type_ipv4)
      .byte(6)
      .byte(4)
      .number(operation);
}

/// RFC 1071, over what RFC 4443, 2.3 names: a pseudo-header and the message.
std::uint16_t checksum(std::span<const std::uint8_t> source,
                       std::span<const std::uint8_t> destination,
                       std::span<const std::uint8_t> message) {
  std::uint32_t sum = static_cast<std::uint32_t>(message.size()) + protocol::next_icmpv6;
  for (const auto part : {source, destination, message}) {
    for (std::size_t i = 0; i < part.size(); ++i) {
      sum += i % 2 == 0 ? static_cast<std::uint32_t>(part[i]) << 8U : part[i];
    }
  }
  while (sum >> 16U != 0) sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

EthernetFrame arp_announcement(const MacAddress& mac, const IpAddress& address) {
  Writer out;
  out.ethernet(everybody, mac, protocol::type_arp);
  arp(out, protocol::arp_request)
      .bytes(mac.bytes)
      .bytes(address.bytes())
      .bytes(MacAddress{}.bytes)
      .bytes(address.bytes());
  return std::move(out).frame();
}

/// RFC 4861, 4.4, with the option of 4.6.1.
EthernetFrame neighbour_advertisement(const MacAddress& mac, const IpAddress& address, Role role) {
  const std::uint8_t flags = role == Role::router ? protocol::flag_override | protocol::flag_router
                                                  : protocol::flag_override;
  const auto message = [&](std::uint16_t sum) {
    Writer out;
    out.byte(protocol::neighbour_advertisement).byte(0).number(sum).byte(flags).byte(0).number(0);
    out.bytes(address.bytes());
    out.byte(protocol::option_target_address).byte(1).bytes(mac.bytes);
    return out;
  };
  constexpr std::uint16_t message_bytes = 32;
  const auto unsummed = message(0).frame();
  const auto sum = checksum(address.bytes(), all_nodes, std::span(unsummed).first<message_bytes>());
  const auto summed = message(sum).frame();

  Writer out;
  out.ethernet(all_nodes_mac, mac, protocol::type_ipv6);
  out.number(0x6000).number(0).number(message_bytes);
  out.byte(protocol::next_icmpv6).byte(protocol::neighbour_hop_limit);
  out.bytes(address.bytes()).bytes(all_nodes);
  out.bytes(std::span(summed).first<message_bytes>());
  return std::move(out).frame();
}

}  // namespace

EthernetFrame mac_announcement(const MacAddress& mac) {
  constexpr std::array<std::uint8_t, 4> no_address{};
  Writer out;
  out.ethernet(everybody, mac, protocol::type_rarp);
  arp(out, protocol::rarp_request)
      .bytes(mac.bytes)
      .bytes(no_address)
      .bytes(mac.bytes)
      .bytes(no_address);
  return std::move(out).frame();
}

EthernetFrame address_announcement(const MacAddress& mac, const IpAddress& address, Role role) {
  return address.is_v4() ? arp_announcement(mac, address)
                         : neighbour_advertisement(mac, address, role);
}

}  // namespace upbeat
