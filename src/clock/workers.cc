// SPDX-License-Identifier: Apache-2.0
// A few threads for calls that block, and the way of their results back to the loop's thread.
#include "clock/workers.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <thread>
#include <utility>

namespace upbeat {

void Home::post(std::function<void()> call) {
  const std::lock_guard lock(mutex_);
  if (clock_ == nullptr) return;
  clock_->post([self = shared_from_this(), call = std::move(call)] {
    {
      const std::lock_guard still(self->mutex_);
      if (self->clock_ == nullptr) return;
    }
    call();
  });
}

void Home::close() {
  const std::lock_guard lock(mutex_);
  clock_ = nullptr;
}

struct Workers::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::function<void()>> waiting;
  std::size_t waiting_limit = 0;
  std::size_t alive = 0;
  bool stopped = false;
};

Workers::Workers(std::size_t threads, std::size_t waiting_limit)
    : shared_(std::make_shared<Shared>()) {
  shared_->waiting_limit = waiting_limit;
  shared_->alive = threads;
  // Detached, because a thread may hang in a call for ever; `alive` takes the place of joining.
  for (std::size_t i = 0; i < threads; ++i) std::thread(&Workers::work, shared_).detach();
}

Workers::~Workers() {
  std::unique_lock lock(shared_->mutex);
  shared_->stopped = true;
  shared_->changed.notify_all();
  shared_->changed.wait_for(lock, std::chrono::milliseconds(worker_farewell_ms),
                            [this] { return shared_->alive == 0; });
}

bool Workers::run(std::function<void()> job) {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->waiting.size() >= shared_->waiting_limit) return false;
  shared_->waiting.push_back(std::move(job));
  shared_->changed.notify_one();
  return true;
}

void Workers::work(const std::shared_ptr<Shared>& shared) {
  std::unique_lock lock(shared->mutex);
  while (true) {
    shared->changed.wait(lock, [&] { return shared->stopped || !shared->waiting.empty(); });
    if (shared->stopped) break;
    auto job = std::move(shared->waiting.front());
    shared->waiting.pop_front();
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
  }
  // What waits is destroyed here: closing a connection may block.
  auto dropped = std::exchange(shared->waiting, {});
  lock.unlock();
  dropped.clear();
  lock.lock();
  --shared->alive;
  shared->changed.notify_all();
}

}  // namespace upbeat
