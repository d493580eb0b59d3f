// SPDX-License-Identifier: Apache-2.0
// The announcements' bytes, against frames written by hand from the RFCs.
#include "network/announcement.h"

#include <gtest/gtest.h>

#include "network/claim.h"

namespace upbeat {
namespace {

const MacAddress mac{{0x52, 0x54, 0x00, 0x0a, 0x09, 0x64}};

/// With the padding that Ethernet's least length asks for.
EthernetFrame padded(EthernetFrame frame) {
  frame.resize(std::max<std::size_t>(frame.size(), 60));
  return frame;
}

TEST(Announcement, OfAMacAddressIsARarpRequestToAll) {
  EXPECT_EQ(mac_announcement(mac), padded({
                                       0xff, 0xff, 0xff, 0xff, 0xff, 0xff,  // to all
                                       0x52, 0x54, 0x00, 0x0a, 0x09, 0x64,  // from
                                       0x80, 0x35,                          // RARP
                                       0x00, 0x01, 0x08, 0x00, 0x06, 0x04,  // Ethernet, IPv4
                                       0x00, 0x03,                          // request reverse
                                       0x52, 0x54, 0x00, 0x0a, 0x09, 0x64,  // sender
                                       0x00, 0x00, 0x00, 0x00,              //
                                       0x52, 0x54, 0x00, 0x0a, 0x09, 0x64,  // target: itself
                                       0x00, 0x00, 0x00, 0x00,
                                   }));
}

TEST(Announcement, OfAnIpv4AddressIsAnArpRequestForItself) {
  EXPECT_EQ(address_announcement(mac, *read_ip("10.9.0.100"), Role::host),
            padded({
                0xff, 0xff, 0xff, 0xff, 0xff, 0xff,  // to all
                0x52, 0x54, 0x00, 0x0a, 0x09, 0x64,  // from
                0x08, 0x06,                          // ARP
                0x00, 0x01, 0x08, 0x00, 0x06, 0x04,  // Ethernet, IPv4
                0x00, 0x01,                          // request
                0x52, 0x54, 0x00, 0x0a, 0x09, 0x64,  // sender
                0x0a, 0x09, 0x00, 0x64,              //
                0x00, 0x00, 0x00, 0x00, 0x00, 0x00,  // target: whoever has …
                0x0a, 0x09, 0x00, 0x64,              // … the sender's address
            }));
}

/// The sum of the pseudo-header and the message, in 16-bit words: 2001 + 0db8 + 000a + 000b
/// (source)
/// + ff02 + 0001 (destination) + 0020 (length) + 003a (ICMPv6) + 8800 + 2000 (type, flags) + 2001 +
/// 0db8 + 000a + 000b (target) + 0201 + 5254 + 000a + 0964 (option) = 2:60bc, folded 60be, its
/// complement 9f41.
TEST(Announcement, OfAnIpv6AddressIsAnOverridingNeighbourAdvertisementToAllNodes) {
  EXPECT_EQ(address_announcement(mac, *read_ip("2001:db8::a:b"), Role::host),
            (EthernetFrame{
                0x33, 0x33, 0x00, 0x00, 0x00, 0x01,              // to ff02::1
                0x52, 0x54, 0x00, 0x0a, 0x09, 0x64,              // from
                0x86, 0xdd,                                      // IPv6
                0x60, 0x00, 0x00, 0x00, 0x00, 0x20, 0x3a, 0xff,  // 32 bytes, ICMPv6, 255 hops
                0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00,  // source
                0x00, 0x00, 0x00, 0x00, 0x00, 0x0a, 0x00, 0x0b,  //
                0xff, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,  // destination
                0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01,  //
                0x88, 0x00, 0x9f, 0x41,                          // advertisement, its sum
                0x20, 0x00, 0x00, 0x00,                          // override
                0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00,  // target
                0x00, 0x00, 0x00, 0x00, 0x00, 0x0a, 0x00, 0x0b,  //
                0x02, 0x01, 0x52, 0x54, 0x00, 0x0a, 0x09, 0x64,  // its link-layer address
            }));
}

TEST(Announcement, OfARouterSaysThatItForwards) {
  const auto frame = address_announcement(mac, *read_ip("fe80::1"), Role::router);

  EXPECT_EQ(frame.at(58), 0xa0);
}

TEST(Announcement, IsAClaimToWhoeverReadsIt) {
  for (const auto* text : {"10.9.0.100", "fe80::1", "2001:db8::a:b"}) {
    const auto address = *read_ip(text);
    const auto claim = read_claim(address_announcement(mac, address, Role::host));
    ASSERT_TRUE(claim.has_value()) << text;
    EXPECT_EQ(claim->mac, mac);
    EXPECT_EQ(claim->address, address);
  }
  EXPECT_FALSE(read_claim(mac_announcement(mac)).has_value());
}

}  // namespace
}  // namespace upbeat
