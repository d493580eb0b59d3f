// SPDX-License-Identifier: Apache-2.0
// Takes request targets apart; strict, since names of guests come through here.
#include "api/target.h"

#include <charconv>

#include "base/printable.h"

namespace upbeat {
namespace {

std::string quote(std::string_view text) { return printable(text, quote_limit_bytes); }

Result<std::string> percent_decode(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      plain += text[at];
      continue;
    }
    unsigned value = 0;
    const std::string_view digits = text.substr(at + 1, 2);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() != 2 || error != std::errc{} || end != digits.data() + 2)
      return fail("the request's address has a broken percent sequence in '" + quote(text) +
                  "': write %25 for a percent sign");
    plain += static_cast<char>(value);
    at += 2;
  }
  return plain;
}

/// The part of `rest` before `separator`; `rest` keeps what comes after it.
std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return part;
}

}  // namespace

Result<Target> parse_target(std::string_view target) {
  if (!target.starts_with('/'))
    return fail("the request's address '" + quote(target) + "' does not begin with '/'");
  target.remove_prefix(1);
  std::string_view path = take_until(target, '?');
  Target parsed;
  while (!path.empty()) {
    Result<std::string> segment = percent_decode(take_until(path, '/'));
    if (!segment) return std::unexpected(segment.error());
    parsed.segments.push_back(std::move(*segment));
  }
  while (!target.empty()) {
    std::string_view value = take_until(target, '&');
    Result<std::string> name = percent_decode(take_until(value, '='));
    if (!name) return std::unexpected(name.error());
    Result<std::string> plain = percent_decode(value);
    if (!plain) return std::unexpected(plain.error());
    if (!parsed.query.emplace(*name, std::move(*plain)).second)
      return fail("the request's address gives '" + quote(*name) + "' twice: give it once");
  }
  return parsed;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view unreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string encoded;
  for (const char character : text) {
    if (unreserved.contains(character)) {
      encoded += character;
      continue;
    }
    const auto byte = static_cast<unsigned char>(character);
    encoded += {'%', digits[byte >> 4U], digits[byte & 15U]};
  }
  return encoded;
}

}  // namespace upbeat
