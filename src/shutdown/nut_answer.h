// SPDX-License-Identifier: Apache-2.0
// How NUT names a UPS, what its upsd answers, and what a UPS's status says.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace upbeat {

/// Which UPS.
struct UpsPlace {
  std::string ups;
  std::string host = "localhost";
  std::string port = "3493";

  bool operator==(const UpsPlace&) const = default;
};

/// Reads a UPS's name as upsc(8) writes it, UPS[@HOST[:PORT]]. An error says what is expected.
[[nodiscard]] Result<UpsPlace> read_ups_place(const std::string& text);

/// upsd sends no longer lines.
inline constexpr std::size_t nut_line_limit_bytes = 1024;

/// Reads `VAR UPS NAME "VALUE"`, the answer to `GET VAR UPS NAME`. An error holds upsd's own word
/// (DATA-STALE) or says that this is no such answer. Source: RFC 9271, 4.2.4 and 5.
[[nodiscard]] Result<std::string> read_nut_variable(std::string_view line, std::string_view ups,
                                                    std::string_view name);

/// How a UPS stands.
struct UpsReading {
  bool on_battery = false;
  bool battery_low = false;                     ///< or upsmon has decided to shut everything down
  std::optional<std::chrono::seconds> runtime;  ///< that the battery has left, if the UPS knows

  bool operator==(const UpsReading&) const = default;
};

/// `status`: the words of ups.status ("OB DISCHRG LB"); `runtime`: battery.runtime, in seconds, or
/// empty. What makes no sense as a runtime counts as unknown. Source: RFC 9271, 5.1, and NUT's
/// developer guide, "Status data".
[[nodiscard]] UpsReading read_ups(std::string_view status, std::string_view runtime);

}  // namespace upbeat
