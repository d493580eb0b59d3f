// SPDX-License-Identifier: Apache-2.0
// How NUT names a UPS, what its upsd answers, and what a UPS's status says.
#include "shutdown/nut_answer.h"

#include <algorithm>
#include <charconv>
#include <ranges>

#include "base/printable.h"

namespace upbeat {
namespace {

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// A whole quoted string, in which a backslash makes the next character an ordinary one.
std::optional<std::string> unquoted(std::string_view text) {
  if (!take(text, "\"")) return std::nullopt;
  std::string value;
  bool literally = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char next = text[at];
    if (next == '"' && !literally) {
      return at + 1 == text.size() ? std::optional(value) : std::nullopt;
    }
    literally = next == '\\' && !literally;
    if (!literally) value += next;
  }
  return std::nullopt;
}

/// Names go into questions, and into texts for people.
bool is_plain(char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; }

}  // namespace

Result<UpsPlace> read_ups_place(const std::string& text) {
  UpsPlace place;
  const auto at = text.find('@');
  place.ups = text.substr(0, at);
  if (at != std::string::npos) {
    const auto server = text.substr(at + 1);
    const auto colon = server.rfind(':');
    place.host = server.substr(0, colon);
    if (colon != std::string::npos) place.port = server.substr(colon + 1);
  }
  const bool sane = !place.ups.empty() && !place.host.empty() && !place.port.empty() &&
                    std::ranges::all_of(text, is_plain) &&
                    place.port.find_first_not_of("0123456789") == std::string::npos;
  if (sane) return place;
  return fail("expects a UPS as NUT names it, UPS@HOST:PORT or UPS alone: \"rack1@localhost\"");
}

Result<std::string> read_nut_variable(std::string_view line, std::string_view ups,
                                      std::string_view name) {
  std::string_view rest = line;
  if (take(rest, "ERR ")) return fail(printable(rest, quote_limit_bytes));
  if (take(rest, "VAR ") && take(rest, ups) && take(rest, " ") && take(rest, name) &&
      take(rest, " ")) {
    if (auto value = unquoted(rest)) return std::move(*value);
  }
  return fail("'" + printable(line, quote_limit_bytes) + "' is no answer to that");
}

UpsReading read_ups(std::string_view status, std::string_view runtime) {
  UpsReading reading;
  for (const auto word : std::views::split(status, ' ')) {
    const std::string_view flag(word.begin(), word.end());
    if (flag == "OB") reading.on_battery = true;
    if (flag == "LB" || flag == "FSD") reading.battery_low = true;
  }
  // Some drivers give "540.00".
  const auto whole = runtime.substr(0, runtime.find('.'));
  std::uint32_t seconds = 0;
  const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), seconds);
  if (error == std::errc() && end == whole.data() + whole.size()) {
    reading.runtime = std::chrono::seconds(seconds);
  }
  return reading;
}

}  // namespace upbeat
