// SPDX-License-Identifier: Apache-2.0
// Compares the time stamp counter with the machine's clock.
#include "lab/guest_clock.h"

#include <chrono>
#include <cmath>
#include <thread>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace upbeat::lab {
namespace {

using namespace std::chrono_literals;

constexpr auto comparison = 50ms;

#if defined(__x86_64__)
std::uint64_t cycles() { return __rdtsc(); }
#else
std::uint64_t cycles() { return 0; }
#endif

}  // namespace

int trusted_tsc_khz(const std::string& cpuinfo) {
  if (!cpuinfo.contains(" constant_tsc ") || !cpuinfo.contains(" nonstop_tsc ")) return 0;
  const auto begin = std::chrono::steady_clock::now();
  const auto first = cycles();
  std::this_thread::sleep_for(comparison);
  const auto end = std::chrono::steady_clock::now();
  const auto last = cycles();
  const std::chrono::duration<double, std::milli> passed = end - begin;
  return static_cast<int>(std::lround(static_cast<double>(last - first) / passed.count()));
}

}  // namespace upbeat::lab
