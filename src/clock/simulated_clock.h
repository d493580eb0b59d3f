// SPDX-License-Identifier: Apache-2.0
// Virtual time: nothing happens until somebody lets it, then everything in order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "ports/clock.h"

namespace upbeat {

/// The twin of the loop's clock. Single-threaded. Calls that are due at the same time run in the
/// order in which they were asked for, so a run is the same each time.
class SimulatedClock final : public Clock {
 public:
  [[nodiscard]] MonotonicTime now() const override { return now_; }
  [[nodiscard]] WallTimeMs wall_ms() const override;
  [[nodiscard]] Timer after(std::chrono::nanoseconds delay, std::function<void()> call) override;
  void post(std::function<void()> call) override;

  /// Like `after`, without a Timer: `call` never happens once `wanted` has expired.
  void after_while(const std::weak_ptr<void>& wanted, std::chrono::nanoseconds delay,
                   std::function<void()> call);

  /// Runs what is due first, moving time to it; false when nothing is left to run.
  bool step();
  /// Runs everything due up to `span` from now, then stands exactly there.
  void advance(std::chrono::nanoseconds span);

 private:
  /// The place in `calls_` of what is due then. Cheap to move about in the heap.
  struct Due {
    MonotonicTime at{0};
    std::uint64_t number = 0;
    std::size_t place = 0;
  };
  struct Call {
    std::function<void()> run;
    std::weak_ptr<void> wanted;  ///< expired: its Timer was cancelled
    bool posted = false;
  };

  static bool later(const Due& left, const Due& right);
  void add(MonotonicTime at, Call call);
  /// Takes what is due first and runs it, unless nobody wants it any more.
  bool run_first();

  MonotonicTime now_{0};
  std::uint64_t next_ = 0;
  std::vector<Due> heap_;
  std::vector<Call> calls_;
  std::vector<std::size_t> free_;  ///< places in `calls_`
};

}  // namespace upbeat
