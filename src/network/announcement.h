// SPDX-License-Identifier: Apache-2.0
// The frames that tell a network where an address is. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "base/addresses.h"

namespace upbeat {

/// An Ethernet frame without its checksum, padded to the least length (IEEE 802.3: 60 bytes).
using EthernetFrame = std::vector<std::uint8_t>;

/// Whether who has an IPv6 address forwards packets: a neighbour that says it does not is taken out
/// of everybody's routes (RFC 4861, 7.2.5).
enum class Role : std::uint8_t { host, router };

/// "I am here", for switches, from an interface that has told no address: RARP's request (RFC 903)
/// for the sender's own MAC address. QEMU sends the same after a migration.
[[nodiscard]] EthernetFrame mac_announcement(const MacAddress& mac);

/// "This address is here", for switches, neighbours and routers. IPv4: an ARP announcement (RFC
/// 5227, 2.3), a request for the sender's own address. IPv6: an unsolicited neighbour advertisement
/// to all nodes, which overrides what they have (RFC 4861, 4.4 and 7.2.6).
[[nodiscard]] EthernetFrame address_announcement(const MacAddress& mac, const IpAddress& address,
                                                 Role role);

}  // namespace upbeat
