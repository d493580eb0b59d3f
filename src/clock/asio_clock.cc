// SPDX-License-Identifier: Apache-2.0
// The real clock and the real loop: Boost.Asio on one thread.
#include "clock/asio_clock.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace upbeat {

MonotonicTime AsioClock::now() const { return std::chrono::steady_clock::now().time_since_epoch(); }

WallTimeMs AsioClock::wall_ms() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Timer AsioClock::after(std::chrono::nanoseconds delay, std::function<void()> call) {
  // The waiting holds the timer only weakly: when the Timer goes, so does the wait. A wait that has
  // already ended but not yet run finds it expired.
  auto timer = std::make_shared<boost::asio::steady_timer>(io_, delay);
  timer->async_wait([call = std::move(call), weak = std::weak_ptr(timer)](const auto& error) {
    if (!error && !weak.expired()) call();
  });
  return Timer(std::move(timer));
}

void AsioClock::post(std::function<void()> call) { boost::asio::post(io_, std::move(call)); }

}  // namespace upbeat
