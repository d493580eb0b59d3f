// SPDX-License-Identifier: Apache-2.0
// The addresses that a network interface answers to, and how they are written. Pure.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace upbeat {

/// Of an Ethernet interface.
struct MacAddress {
  std::array<std::uint8_t, 6> bytes{};

  auto operator<=>(const MacAddress&) const = default;
};

/// IPv4 or IPv6, in network order.
class IpAddress {
 public:
  /// 4 bytes are an IPv4 address, 16 an IPv6 one; nothing else is any.
  [[nodiscard]] static std::optional<IpAddress> of(std::span<const std::uint8_t> bytes);

  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return {bytes_.data(), size_}; }
  [[nodiscard]] bool is_v4() const { return size_ == 4; }

  auto operator<=>(const IpAddress&) const = default;

 private:
  IpAddress() = default;

  std::array<std::uint8_t, 16> bytes_{};
  std::size_t size_ = 0;
};

/// "52:54:00:0a:09:64".
[[nodiscard]] std::string to_text(const MacAddress& mac);
/// "10.9.0.100"; "fe80::1", as RFC 5952 writes it.
[[nodiscard]] std::string to_text(const IpAddress& address);
/// What those write, in upper or lower case; nothing if it is none.
[[nodiscard]] std::optional<MacAddress> read_mac(const std::string& text);
[[nodiscard]] std::optional<IpAddress> read_ip(const std::string& text);

}  // namespace upbeat
