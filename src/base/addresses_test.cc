// SPDX-License-Identifier: Apache-2.0
// How addresses are read and written.
#include "base/addresses.h"

#include <gtest/gtest.h>

namespace upbeat {
namespace {

TEST(Addresses, AreWrittenAsTheyAreRead) {
  for (const auto* text : {"10.9.0.100", "255.255.255.255", "fe80::1", "2001:db8::a:b", "::"}) {
    const auto address = read_ip(text);
    ASSERT_TRUE(address.has_value()) << text;
    EXPECT_EQ(to_text(*address), text);
  }
  const auto mac = read_mac("52:54:00:0A:09:ff");
  ASSERT_TRUE(mac.has_value());
  EXPECT_EQ(mac->bytes, (std::array<std::uint8_t, 6>{0x52, 0x54, 0, 0x0a, 9, 0xff}));
  EXPECT_EQ(to_text(*mac), "52:54:00:0a:09:ff");
}

TEST(Addresses, AreNoOtherText) {
  for (const auto* text : {"", "10.9.0", "10.9.0.100 ", "10.9.0.256", "fe80::1%eth0", "node1"}) {
    EXPECT_FALSE(read_ip(text).has_value()) << text;
  }
  for (const auto* text : {"", "52:54:00:0a:09", "52:54:00:0a:09:6", "52-54-00-0a-09-64",
                           "52:54:00:0a:09:640", "5g:54:00:0a:09:64", "-1:54:00:0a:09:64"}) {
    EXPECT_FALSE(read_mac(text).has_value()) << text;
  }
}

TEST(Addresses, HaveFourOrSixteenBytes) {
  const std::array<std::uint8_t, 16> bytes{0xfe, 0x80};
  EXPECT_TRUE(IpAddress::of(std::span(bytes).first<4>())->is_v4());
  EXPECT_FALSE(IpAddress::of(bytes)->is_v4());
  EXPECT_FALSE(IpAddress::of(std::span(bytes).first<6>()).has_value());
}

}  // namespace
}  // namespace upbeat
