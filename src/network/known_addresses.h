// SPDX-License-Identifier: Apache-2.0
// What is known of the addresses of one guest's interface. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/addresses.h"
#include "network/claim.h"
#include "ports/announcer.h"

namespace upbeat {

/// An address, and whether its owner forwards packets.
struct KnownAddress {
  IpAddress address;
  Role role = Role::host;

  bool operator==(const KnownAddress&) const = default;
};

/// The addresses that an interface has claimed and that nobody else has claimed since, the newest
/// `known_addresses_limit` of them.
class KnownAddresses {
 public:
  explicit KnownAddresses(MacAddress mac) : mac_(mac) {}
  /// Of the lines that `text` wrote, for whatever interfaces, reads the one of this interface;
  /// words that are none are passed over.
  KnownAddresses(MacAddress mac, const std::string& lines);

  /// Takes a claim that was heard somewhere on the interface's network; whether that changed what
  /// is known.
  bool hear(const Claim& claim);

  [[nodiscard]] const MacAddress& mac() const { return mac_; }
  /// The one heard last comes first.
  [[nodiscard]] const std::vector<KnownAddress>& list() const { return list_; }
  /// "52:54:00:0a:09:64 10.9.0.100 fe80::1/router".
  [[nodiscard]] std::string text() const;

 private:
  MacAddress mac_;
  std::vector<KnownAddress> list_;
};

}  // namespace upbeat
