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

/// " (why)", or nothing.
[[nodiscard]] inline std::string in_brackets(const std::string& why) {
  return why.empty() ? "" : " (" + why + ")";
}

}  // namespace upbeat
