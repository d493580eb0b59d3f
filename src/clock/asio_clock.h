// SPDX-License-Identifier: Apache-2.0
// The real clock and the real loop: Boost.Asio on one thread.
#pragma once

#include <memory>

#include "ports/clock.h"

namespace boost::asio {
class io_context;
}

namespace upbeat {

/// CLOCK_MONOTONIC and an io_context, which outlives this clock and is run by one thread.
class AsioClock final : public Clock {
 public:
  explicit AsioClock(boost::asio::io_context& io) : io_(io) {}

  [[nodiscard]] MonotonicTime now() const override;
  [[nodiscard]] WallTimeMs wall_ms() const override;
  [[nodiscard]] Timer after(std::chrono::nanoseconds delay, std::function<void()> call) override;
  void post(std::function<void()> call) override;

 private:
  boost::asio::io_context& io_;
};

}  // namespace upbeat
