// SPDX-License-Identifier: Apache-2.0
// Virtual time: one ordered map of calls.
#include "clock/simulated_clock.h"

namespace upbeat {
namespace {

/// Where virtual wall time begins: 2026-01-01 00:00 UTC.
constexpr WallTimeMs wall_start_ms = 1'767'225'600'000;

}  // namespace

WallTimeMs SimulatedClock::wall_ms() const {
  return wall_start_ms + std::chrono::duration_cast<std::chrono::milliseconds>(now_).count();
}

Timer SimulatedClock::after(std::chrono::nanoseconds delay, std::function<void()> call) {
  auto wanted = std::make_shared<char>();
  calls_.emplace(Key{now_ + delay, next_++}, Call{std::move(call), wanted, false});
  return Timer(std::move(wanted));
}

void SimulatedClock::post(std::function<void()> call) {
  calls_.emplace(Key{now_, next_++}, Call{std::move(call), {}, true});
}

bool SimulatedClock::step() {
  while (!calls_.empty()) {
    auto next = calls_.extract(calls_.begin());
    Call& call = next.mapped();
    if (!call.posted && call.wanted.expired()) continue;
    now_ = std::max(now_, next.key().first);
    call.run();
    return true;
  }
  return false;
}

void SimulatedClock::advance(std::chrono::nanoseconds span) {
  const auto until = now_ + span;
  while (!calls_.empty() && calls_.begin()->first.first <= until) {
    auto next = calls_.extract(calls_.begin());
    Call& call = next.mapped();
    if (!call.posted && call.wanted.expired()) continue;
    now_ = std::max(now_, next.key().first);
    call.run();
  }
  now_ = until;
}

}  // namespace upbeat
