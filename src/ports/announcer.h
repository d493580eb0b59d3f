// SPDX-License-Identifier: Apache-2.0
// The port for the networks that guests hang on: what they answer to, and where they are now.
#pragma once

#include <string>

#include "base/addresses.h"
#include "base/result.h"
#include "ports/hypervisor.h"

namespace upbeat {

/// What is heard of guests' interfaces, told on the loop's thread.
class AnnouncerListener {
 public:
  virtual ~AnnouncerListener() = default;
  /// The guest itself has sent something through its interface: told once after each `watch`.
  virtual void on_heard(const std::string& device) = 0;
  /// What is known of the guest's addresses at this interface has changed. `known` is plain text, a
  /// line without its end, for `watch` to read where the guest is next.
  virtual void on_learned(const std::string& device, const std::string& known) = 0;
};

/// Interfaces that are watched at once; with more, the rest is left to itself.
inline constexpr std::size_t watched_interfaces_limit = 1024;
/// Addresses that are known of one interface: those heard last.
inline constexpr std::size_t known_addresses_limit = 16;

/// Learns which addresses guests' interfaces answer to, and tells their networks where these are.
///
/// It learns by listening to what the guest says of itself in ARP (RFC 826) and in IPv6 neighbour
/// discovery (RFC 4861), and counts only what names the interface's own MAC address. An address is
/// forgotten when another claims it. All calls belong to the loop's thread and none blocks.
class Announcer {
 public:
  Announcer() = default;
  Announcer(const Announcer&) = delete;
  Announcer& operator=(const Announcer&) = delete;
  virtual ~Announcer() = default;

  /// Begins to tell `listener`, which outlives the announcer. Once.
  virtual void start(AnnouncerListener& listener) = 0;
  /// Listens to the interface, anew if it was listened to already. `known` are the lines that were
  /// told of this guest's interfaces: the one of this MAC address counts. An error: it has no such
  /// interface, or is of a kind that is left alone (not on a Linux bridge, or on one that tells
  /// VLANs apart).
  [[nodiscard]] virtual Result<void> watch(const GuestInterface& interface,
                                           const std::string& known) = 0;
  /// Listens no more.
  virtual void forget(const std::string& device) = 0;
  /// Tells the network of a watched interface, once, that its MAC address and all its known
  /// addresses are here.
  [[nodiscard]] virtual Result<void> announce(const std::string& device) = 0;
};

}  // namespace upbeat
