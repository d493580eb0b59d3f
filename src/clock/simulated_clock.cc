// SPDX-License-Identifier: Apache-2.0
// Virtual time: a heap of calls, the next one on top.
#include "clock/simulated_clock.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace upbeat {
namespace {

/// Where virtual wall time begins: 2026-01-01 00:00 UTC.
constexpr WallTimeMs wall_start_ms = 1'767'225'600'000;

}  // namespace

WallTimeMs SimulatedClock::wall_ms() const {
  return wall_start_ms + std::chrono::duration_cast<std::chrono::milliseconds>(now_).count();
}

bool SimulatedClock::later(const Due& left, const Due& right) {
  return std::tie(left.at, left.number) > std::tie(right.at, right.number);
}

void SimulatedClock::add(MonotonicTime at, Call call) {
  std::size_t place = calls_.size();
  if (free_.empty()) {
    calls_.push_back(std::move(call));
  } else {
    place = free_.back();
    free_.pop_back();
    calls_[place] = std::move(call);
  }
  heap_.push_back({at, next_++, place});
  std::ranges::push_heap(heap_, later);
}

Timer SimulatedClock::after(std::chrono::nanoseconds delay, std::function<void()> call) {
  auto wanted = std::make_shared<char>();
  add(now_ + delay, {std::move(call), wanted, false});
  return Timer(std::move(wanted));
}

void SimulatedClock::after_while(const std::weak_ptr<void>& wanted, std::chrono::nanoseconds delay,
                                 std::function<void()> call) {
  add(now_ + delay, {std::move(call), wanted, false});
}

void SimulatedClock::post(std::function<void()> call) { add(now_, {std::move(call), {}, true}); }

bool SimulatedClock::run_first() {
  std::ranges::pop_heap(heap_, later);
  const Due due = heap_.back();
  heap_.pop_back();
  const Call call = std::exchange(calls_[due.place], {});
  free_.push_back(due.place);
  if (!call.posted && call.wanted.expired()) return false;
  now_ = std::max(now_, due.at);
  call.run();
  return true;
}

bool SimulatedClock::step() {
  while (!heap_.empty()) {
    if (run_first()) return true;
  }
  return false;
}

void SimulatedClock::advance(std::chrono::nanoseconds span) {
  const auto until = now_ + span;
  while (!heap_.empty() && heap_.front().at <= until) run_first();
  now_ = until;
}

}  // namespace upbeat
