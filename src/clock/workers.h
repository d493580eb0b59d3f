// SPDX-License-Identifier: Apache-2.0
// A few threads for calls that block, and the way of their results back to the loop's thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>

#include "ports/clock.h"

namespace upbeat {

/// The way home: brings functions to the loop's thread until it is closed. Held by shared_ptr, so
/// that a worker that outlives the adapter finds it closed.
class Home : public std::enable_shared_from_this<Home> {
 public:
  explicit Home(Clock& clock) : clock_(&clock) {}

  /// Runs `call` in a later turn of the loop; never once the way is closed. From any thread.
  void post(std::function<void()> call);
  /// From now on nothing comes home, nor does what was posted and has not run. Loop's thread.
  void close();

 private:
  std::mutex mutex_;
  Clock* clock_;  ///< null once closed
};

/// How long the end of a `Workers` waits for calls under way.
inline constexpr std::int64_t worker_farewell_ms = 1'000;

/// A fixed number of threads that take jobs in order.
///
/// The destructor drops the jobs that have not begun and waits `worker_farewell_ms` for those that
/// have; a thread that hangs in a call past that is left behind, and ends when its call does.
class Workers {
 public:
  /// At most `waiting_limit` jobs wait for one of `threads` threads.
  Workers(std::size_t threads, std::size_t waiting_limit);
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  ~Workers();

  /// Queues `job`; false if too many wait already. A job is run and destroyed on a worker's thread.
  [[nodiscard]] bool run(std::function<void()> job);

 private:
  struct Shared;
  static void work(const std::shared_ptr<Shared>& shared);

  std::shared_ptr<Shared> shared_;
};

}  // namespace upbeat
