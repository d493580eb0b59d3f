// SPDX-License-Identifier: Apache-2.0
// Virtual time: nothing happens until somebody lets it, then everything in order.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

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

  /// Runs what is due first, moving time to it; false when nothing is left to run.
  bool step();
  /// Runs everything due up to `span` from now, then stands exactly there.
  void advance(std::chrono::nanoseconds span);

 private:
  using Key = std::pair<MonotonicTime, std::uint64_t>;

  struct Call {
    std::function<void()> run;
    std::weak_ptr<void> wanted;  ///< expired: its Timer was cancelled
    bool posted = false;
  };

  MonotonicTime now_{0};
  std::uint64_t next_ = 0;
  std::map<Key, Call> calls_;
};

}  // namespace upbeat
