// SPDX-License-Identifier: Apache-2.0
// Chance from a seed: the same seed, the same numbers, on every machine and compiler.
#pragma once

#include <cstdint>

namespace upbeat {

/// Spreads every bit of `value` over all bits of the result; a bijection (the finisher of
/// SplitMix64: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
[[nodiscard]] constexpr std::uint64_t mix64(std::uint64_t value) {
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31U);
}

/// SplitMix64. Not for secrets.
class Prng {
 public:
  constexpr explicit Prng(std::uint64_t seed) : state_(seed) {}

  constexpr std::uint64_t next() { return mix64(state_ += 0x9E3779B97F4A7C15U); }

  /// A number from 0 to `bound - 1`; 0 for a bound of 0. (The bias, below bound / 2^64, is let be.)
  constexpr std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }

  /// A generator of its own for a part of the world, so that one part's draws move no other's.
  [[nodiscard]] constexpr Prng fork() { return Prng(next()); }

 private:
  std::uint64_t state_;
};

}  // namespace upbeat
