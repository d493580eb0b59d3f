// SPDX-License-Identifier: Apache-2.0
// Which frames are claims, and whose.
#include "network/claim.h"

#include <gtest/gtest.h>

#include <vector>

namespace upbeat {
namespace {

const MacAddress mac{{0x52, 0x54, 0x00, 0x0a, 0x09, 0x64}};
using Frame = std::vector<std::uint8_t>;

// Places in a frame.
constexpr std::size_t source_mac = 6;
constexpr std::size_t arp_operation = 21;
constexpr std::size_t arp_sender_mac = 22;
constexpr std::size_t arp_sender = 28;
constexpr std::size_t hop_limit = 21;
constexpr std::size_t ipv6_source = 22;
constexpr std::size_t icmp_type = 54;
constexpr std::size_t icmp_code = 55;
constexpr std::size_t icmp_flags = 58;
constexpr std::size_t icmp_option = 78;

Frame arp() { return address_announcement(mac, *read_ip("10.9.0.100"), Role::host); }
Frame advertisement() { return address_announcement(mac, *read_ip("fe80::1"), Role::host); }
/// A neighbour solicitation from fe80::1 for an address that is somebody's.
Frame solicitation() {
  auto frame = advertisement();
  frame[icmp_type] = 135;
  frame[icmp_flags] = 0;
  frame[63] = 0x77;  // of the target
  frame[icmp_option] = 1;
  return frame;
}

TEST(Claim, IsTheSenderOfAnArpRequestOrReply) {
  auto reply = arp();
  reply[arp_operation] = 2;

  const Claim expected{mac, *read_ip("10.9.0.100"), {}};
  EXPECT_EQ(read_claim(arp()), expected);
  EXPECT_EQ(read_claim(reply), expected);
}

TEST(Claim, IsNoneWhereAnArpProbeAsksWhetherAnAddressIsFree) {
  auto probe = arp();
  for (std::size_t i = 0; i < 4; ++i) probe[arp_sender + i] = 0;

  EXPECT_EQ(read_claim(probe), std::nullopt);
}

TEST(Claim, IsNoneOfAnAddressThatIsNoHosts) {
  for (const auto first : std::vector<std::uint8_t>{127, 224, 255}) {
    auto odd = arp();
    odd[arp_sender] = first;
    EXPECT_EQ(read_claim(odd), std::nullopt) << int(first);
  }
}

TEST(Claim, IsNoneWhereTheSenderSpeaksForAnother) {
  auto proxy = arp();
  proxy[arp_sender_mac + 5] = 1;
  auto advertised = advertisement();
  advertised[icmp_option + 7] = 1;
  auto group = arp();
  group[source_mac] = 0x53;
  group[arp_sender_mac] = 0x53;

  EXPECT_EQ(read_claim(proxy), std::nullopt);
  EXPECT_EQ(read_claim(advertised), std::nullopt);
  EXPECT_EQ(read_claim(group), std::nullopt);
}

TEST(Claim, IsTheTargetOfANeighbourAdvertisementWithItsRole) {
  auto router = advertisement();
  router[icmp_flags] = 0xa0;

  EXPECT_EQ(read_claim(advertisement()), (Claim{mac, *read_ip("fe80::1"), Role::host}));
  EXPECT_EQ(read_claim(router), (Claim{mac, *read_ip("fe80::1"), Role::router}));
}

TEST(Claim, IsTheSourceOfANeighbourSolicitation) {
  EXPECT_EQ(read_claim(solicitation()), (Claim{mac, *read_ip("fe80::1"), {}}));
}

TEST(Claim, IsNoneWhereASolicitationAsksWhetherAnAddressIsFree) {
  auto detection = solicitation();
  for (std::size_t i = 0; i < 16; ++i) detection[ipv6_source + i] = 0;

  EXPECT_EQ(read_claim(detection), std::nullopt);
}

TEST(Claim, IsTheSourceOfARouterAdvertisementAndARouterWhileItsLifetimeLasts) {
  auto forwards = advertisement();
  forwards[icmp_type] = 134;
  forwards[icmp_flags + 2] = 7;
  auto ends = forwards;
  ends[icmp_flags + 2] = 0;

  EXPECT_EQ(read_claim(forwards), (Claim{mac, *read_ip("fe80::1"), Role::router}));
  EXPECT_EQ(read_claim(ends), (Claim{mac, *read_ip("fe80::1"), Role::host}));
}

TEST(Claim, IsNoneThatAForwarderMayHaveSent) {
  auto forwarded = advertisement();
  forwarded[hop_limit] = 254;
  auto coded = advertisement();
  coded[icmp_code] = 1;
  auto other = advertisement();
  other[icmp_type] = 128;

  EXPECT_EQ(read_claim(forwarded), std::nullopt);
  EXPECT_EQ(read_claim(coded), std::nullopt);
  EXPECT_EQ(read_claim(other), std::nullopt);
}

TEST(Claim, IsNoneOfAFrameThatEndsTooSoon) {
  for (const auto& whole : {arp(), solicitation()}) {
    for (std::size_t size = 0; size < 42; ++size) {
      EXPECT_EQ(read_claim(std::span(whole).first(size)), std::nullopt) << size;
    }
  }
}

}  // namespace
}  // namespace upbeat
