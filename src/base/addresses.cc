// SPDX-License-Identifier: Apache-2.0
// The addresses that a network interface answers to, and how they are written. Pure.
#include "base/addresses.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace upbeat {

std::optional<IpAddress> IpAddress::of(std::span<const std::uint8_t> bytes) {
  if (bytes.size() != 4 && bytes.size() != 16) return std::nullopt;
  IpAddress address;
  std::ranges::copy(bytes, address.bytes_.begin());
  address.size_ = bytes.size();
  return address;
}

std::string to_text(const MacAddress& mac) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const auto byte : mac.bytes) {
    if (!text.empty()) text += ':';
    text += digits[byte >> 4U];
    text += digits[byte & 0xfU];
  }
  return text;
}

std::string to_text(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(address.is_v4() ? AF_INET : AF_INET6, address.bytes().data(), text.data(),
              text.size());
  return text.data();
}

std::optional<MacAddress> read_mac(const std::string& text) {
  static constexpr std::size_t length = 17;
  if (text.size() != length) return std::nullopt;
  MacAddress mac;
  for (std::size_t i = 0; i < mac.bytes.size(); ++i) {
    const char* const digits = text.data() + 3 * i;
    if (i > 0 && digits[-1] != ':') return std::nullopt;
    const auto [end, error] = std::from_chars(digits, digits + 2, mac.bytes[i], 16);
    if (error != std::errc{} || end != digits + 2) return std::nullopt;
  }
  return mac;
}

std::optional<IpAddress> read_ip(const std::string& text) {
  std::array<std::uint8_t, 16> bytes{};
  if (text.contains('\0')) return std::nullopt;
  if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
    return IpAddress::of(std::span(bytes).first<4>());
  }
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return IpAddress::of(bytes);
  return std::nullopt;
}

}  // namespace upbeat
