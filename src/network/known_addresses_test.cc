// SPDX-License-Identifier: Apache-2.0
// What is known of an interface's addresses: claimed, taken by others, written and read.
#include "network/known_addresses.h"

#include <gtest/gtest.h>

namespace upbeat {
namespace {

const MacAddress ours{{0x52, 0x54, 0x00, 0x0a, 0x09, 0x64}};
const MacAddress theirs{{0x52, 0x54, 0x00, 0x0a, 0x09, 0x65}};

Claim claim(const MacAddress& mac, const std::string& address, std::optional<Role> role = {}) {
  return {mac, *read_ip(address), role};
}

TEST(KnownAddresses, AreThoseThatTheInterfaceClaimsAndEachIsNewsOnce) {
  KnownAddresses known(ours);

  EXPECT_TRUE(known.hear(claim(ours, "10.9.0.100")));
  EXPECT_TRUE(known.hear(claim(ours, "fe80::1")));
  EXPECT_FALSE(known.hear(claim(ours, "10.9.0.100")));
  EXPECT_FALSE(known.hear(claim(theirs, "10.9.0.101")));

  EXPECT_EQ(known.text(), "52:54:00:0a:09:64 10.9.0.100 fe80::1");
}

TEST(KnownAddresses, LoseOneThatAnotherClaims) {
  KnownAddresses known(ours, "52:54:00:0a:09:64 10.9.0.100 10.9.0.200");

  EXPECT_TRUE(known.hear(claim(theirs, "10.9.0.200")));

  EXPECT_EQ(known.text(), "52:54:00:0a:09:64 10.9.0.100");
}

TEST(KnownAddresses, KeepTheNewestOfTooMany) {
  KnownAddresses known(ours);
  known.hear(claim(ours, "10.9.1.1"));
  for (std::size_t i = 0; i + 1 < known_addresses_limit; ++i) {
    known.hear(claim(ours, "10.9.0." + std::to_string(i)));
  }

  known.hear(claim(ours, "10.9.1.1"));
  known.hear(claim(ours, "10.9.2.1"));

  EXPECT_EQ(known.list().size(), known_addresses_limit);
  EXPECT_TRUE(known.text().starts_with("52:54:00:0a:09:64 10.9.2.1 10.9.1.1 10.9.0.14 "));
  EXPECT_EQ(known.text().find(" 10.9.0.0"), std::string::npos);
}

TEST(KnownAddresses, RememberThatOneIsARoutersUntilItSaysOtherwise) {
  KnownAddresses known(ours);
  known.hear(claim(ours, "fe80::1", Role::router));

  EXPECT_FALSE(known.hear(claim(ours, "fe80::1")));
  EXPECT_EQ(known.text(), "52:54:00:0a:09:64 fe80::1/router");
  EXPECT_TRUE(known.hear(claim(ours, "fe80::1", Role::host)));
  EXPECT_EQ(known.text(), "52:54:00:0a:09:64 fe80::1");
}

TEST(KnownAddresses, AreReadFromTheLineOfTheirOwnInterface) {
  const std::string lines =
      "52:54:00:0a:09:65 10.9.0.101\n52:54:00:0a:09:64 10.9.0.100 fe80::1/router\n";

  const KnownAddresses known(ours, lines);

  EXPECT_EQ(known.text(), "52:54:00:0a:09:64 10.9.0.100 fe80::1/router");
}

TEST(KnownAddresses, ReadOnlyAddressesAndNotTooMany) {
  std::string lines = "52:54:00:0a:09:64 nonsense 10.9.0.300 10.9.0.1 10.9.0.1 /router";
  for (int i = 0; i < 100; ++i) lines += " 10.8.0." + std::to_string(i);

  const KnownAddresses known(ours, lines);

  EXPECT_EQ(known.list().size(), known_addresses_limit);
  EXPECT_EQ(known.list().front().address, *read_ip("10.9.0.1"));
}

}  // namespace
}  // namespace upbeat
