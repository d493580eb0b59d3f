// SPDX-License-Identifier: Apache-2.0
// A hash that is the same on every machine and in every build.
#pragma once

#include <cstdint>
#include <string_view>

namespace upbeat {

/// FNV-1a, 64 bit (Fowler, Noll, Vo; draft-eastlake-fnv). For telling things apart, not for
/// secrets.
[[nodiscard]] constexpr std::uint64_t hash_of(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char byte : bytes) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= 0x100000001b3U;
  }
  return hash;
}

}  // namespace upbeat
