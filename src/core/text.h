// SPDX-License-Identifier: Apache-2.0
// Small pieces of sentences that the core's reasons are made of.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace upbeat {

/// "256 MiB"
[[nodiscard]] inline std::string mib(std::uint64_t kib) {
  return std::to_string(kib / 1024) + " MiB";
}

/// "12.3 s"
[[nodiscard]] inline std::string seconds(std::chrono::milliseconds span) {
  const auto tenths = span.count() / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

/// "1 h", "30 min"; "90.0 s" where it is no whole number of them.
[[nodiscard]] inline std::string whole_span(std::chrono::seconds span) {
  if (span.count() > 0 && span % std::chrono::hours(1) == std::chrono::seconds(0)) {
    return std::to_string(span / std::chrono::hours(1)) + " h";
  }
  if (span.count() > 0 && span % std::chrono::minutes(1) == std::chrono::seconds(0)) {
    return std::to_string(span / std::chrono::minutes(1)) + " min";
  }
  return seconds(span);
}

/// " (why)", or nothing.
[[nodiscard]] inline std::string in_brackets(const std::string& why) {
  return why.empty() ? "" : " (" + why + ")";
}

}  // namespace upbeat
