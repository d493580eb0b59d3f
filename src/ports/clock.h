// SPDX-License-Identifier: Apache-2.0
// The port for time and turns: what the one thread that owns the state runs on.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace upbeat {

/// Time since an arbitrary start that never jumps or runs backwards.
using MonotonicTime = std::chrono::nanoseconds;

/// Milliseconds since 1970-01-01 UTC, for display only; it may jump.
using WallTimeMs = std::int64_t;

/// A pending call: destroying or cancelling it before it is due means that it never happens.
class Timer {
 public:
  Timer() = default;
  explicit Timer(std::shared_ptr<void> pending) : pending_(std::move(pending)) {}
  void cancel() { pending_.reset(); }

 private:
  std::shared_ptr<void> pending_;
};

/// Reads the time and runs functions, one after another, on the loop's thread.
///
/// `post` may be called from any thread and is how an adapter's worker brings its result home; the
/// rest belongs to the loop's thread. Functions posted by one thread run in the order of posting.
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  [[nodiscard]] virtual MonotonicTime now() const = 0;
  [[nodiscard]] virtual WallTimeMs wall_ms() const = 0;
  /// Runs `call` once, `delay` from now, unless the Timer goes first.
  [[nodiscard]] virtual Timer after(std::chrono::nanoseconds delay, std::function<void()> call) = 0;
  /// Runs `call` in a later turn of the loop.
  virtual void post(std::function<void()> call) = 0;
};

}  // namespace upbeat
