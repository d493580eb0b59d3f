// SPDX-License-Identifier: Apache-2.0
// Memory that a guest writes for no other purpose than to be hard to migrate.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace upbeat::guest {

/// What is written: so much a second, over and over in a buffer of this size. Rate 0: nothing.
struct LoadWish {
  std::uint32_t mib_per_s = 0;
  std::uint32_t of_mib = 0;
};

/// "write 20 64": 20 MiB a second in a buffer of 64 MiB. False for anything else, or if it is more
/// than a guest of the lab has (load_limit_mib).
[[nodiscard]] bool read_wish(const std::string& line, LoadWish& wish);
inline constexpr std::uint32_t load_limit_mib = 128;

/// Takes wishes from one thread and carries them out in another.
class Load {
 public:
  void wish(LoadWish wish) {
    of_mib_ = wish.of_mib;
    mib_per_s_ = wish.mib_per_s;
  }
  /// Never returns.
  void work();

 private:
  std::atomic<std::uint32_t> mib_per_s_{0};
  std::atomic<std::uint32_t> of_mib_{0};
};

}  // namespace upbeat::guest
