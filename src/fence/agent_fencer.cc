// SPDX-License-Identifier: Apache-2.0
// The real fencer: a queue, a few workers, and one agent at a time for each device.
#include "fence/agent_fencer.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "base/fd.h"
#include "fence/node_power.h"

namespace upbeat {
namespace {

struct Job {
  std::string node;
  PowerAction action = PowerAction::status;
  std::function<void(Result<PowerAnswer>)> done;
  std::set<std::string> devices;
};

bool overlap(const std::set<std::string>& some, const std::set<std::string>& others) {
  return std::ranges::any_of(some, [&](const auto& name) { return others.contains(name); });
}

}  // namespace

/// What the loop's thread and the workers share. `mutex` guards everything that changes.
struct AgentFencer::Pool : std::enable_shared_from_this<Pool> {
  Pool(Clock& the_clock, std::vector<FenceDevice> the_devices)
      : clock(the_clock), devices(std::move(the_devices)), stop(::eventfd(0, EFD_CLOEXEC)) {}

  /// Takes the first job none of whose devices is busy or claimed by a job before it.
  std::optional<Job> next() {
    std::set<std::string> taken = busy;
    for (auto job = waiting.begin(); job != waiting.end(); ++job) {
      if (overlap(job->devices, taken)) {
        taken.insert(job->devices.begin(), job->devices.end());
        continue;
      }
      Job found = std::move(*job);
      waiting.erase(job);
      busy.insert(found.devices.begin(), found.devices.end());
      return found;
    }
    return std::nullopt;
  }

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      std::optional<Job> job;
      changed.wait(lock, [&] { return stopping || (job = next()).has_value(); });
      if (stopping) return;
      lock.unlock();
      auto state = act_on_node(devices, job->node, job->action, stop.get());
      lock.lock();
      for (const auto& name : job->devices) busy.erase(name);
      changed.notify_all();
      if (!stopping) bring_home(std::move(job->done), std::move(state));
    }
  }

  /// Calls back on the loop's thread, unless the fencer has gone by then.
  void bring_home(std::function<void(Result<PowerAnswer>)> done, Result<PowerAnswer> state) {
    clock.post([done = std::move(done), state = std::move(state), pool = weak_from_this()] {
      if (!pool.expired()) done(state);
    });
  }

  Clock& clock;
  const std::vector<FenceDevice> devices;
  const Fd stop;  ///< readable when the fencer goes

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> waiting;
  std::set<std::string> busy;  ///< names of devices that an agent speaks with
  bool stopping = false;
  std::vector<std::thread> workers;
};

AgentFencer::AgentFencer(Clock& clock, std::vector<FenceDevice> devices)
    : pool_(std::make_shared<Pool>(clock, std::move(devices))) {
  for (std::size_t worker = 0; worker < fence_worker_limit; ++worker) {
    pool_->workers.emplace_back([pool = pool_.get()] { pool->work(); });
  }
}

AgentFencer::~AgentFencer() {
  {
    const std::lock_guard lock(pool_->mutex);
    pool_->stopping = true;
    ::eventfd_write(pool_->stop.get(), 1);
  }
  pool_->changed.notify_all();
  for (auto& worker : pool_->workers) worker.join();
}

void AgentFencer::act(const std::string& node, PowerAction action,
                      std::function<void(Result<PowerAnswer>)> done) {
  Job job{.node = node, .action = action, .done = std::move(done)};
  for (const auto& [level, devices] : devices_of(pool_->devices, node)) {
    for (const auto& device : devices) job.devices.insert(device.name);
  }
  const std::lock_guard lock(pool_->mutex);
  if (pool_->waiting.size() >= fence_queue_limit) {
    return pool_->bring_home(
        std::move(job.done),
        fail("cannot reach the power of " + node + ": " + std::to_string(fence_queue_limit) +
             " calls wait for fence devices already; try again later"));
  }
  pool_->waiting.push_back(std::move(job));
  pool_->changed.notify_one();
}

}  // namespace upbeat
