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

/// Ends what runs with it early, once it is pulled.
class Brake {
 public:
  [[nodiscard]] int fd() const { return fd_.get(); }
  void pull() const { ::eventfd_write(fd_.get(), 1); }

 private:
  Fd fd_{::eventfd(0, EFD_CLOEXEC)};
};

/// Something to be done with devices.
struct Job {
  std::set<std::string> devices;
  std::shared_ptr<Brake> brake;  ///< its own: it gives way
  /// Blocks until it is done or the brake is pulled; what is to be called on the loop's thread.
  std::function<std::function<void()>(const Brake&)> run;
};

bool overlap(const std::set<std::string>& some, const std::set<std::string>& others) {
  return std::ranges::any_of(some, [&](const auto& name) { return others.contains(name); });
}

}  // namespace

/// What the loop's thread and the workers share. `mutex` guards everything that changes.
struct AgentFencer::Pool : std::enable_shared_from_this<Pool> {
  Pool(Clock& the_clock, std::vector<FenceDevice> the_devices)
      : clock(the_clock), devices(std::move(the_devices)) {}

  /// Takes the first job of the line none of whose devices is taken; those that wait before it take
  /// theirs.
  static std::optional<Job> take_from(std::deque<Job>& line, std::set<std::string>& taken) {
    for (auto job = line.begin(); job != line.end(); ++job) {
      if (overlap(job->devices, taken)) {
        taken.insert(job->devices.begin(), job->devices.end());
        continue;
      }
      Job found = std::move(*job);
      line.erase(job);
      return found;
    }
    return std::nullopt;
  }

  /// What is to be acted on goes first, and always finds a worker.
  std::optional<Job> next() {
    std::set<std::string> taken = busy;
    auto job = take_from(waiting, taken);
    if (!job && probing.size() + 1 < fence_worker_limit) {
      job = take_from(probes, taken);
      if (job) probing.emplace_back(job->devices, job->brake);
    }
    if (job) busy.insert(job->devices.begin(), job->devices.end());
    return job;
  }

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      std::optional<Job> job;
      changed.wait(lock, [&] { return stopping || (job = next()).has_value(); });
      if (stopping) return;
      lock.unlock();
      auto home = job->run(job->brake ? *job->brake : stop);
      lock.lock();
      std::erase_if(probing, [&](const auto& one) { return one.second == job->brake; });
      for (const auto& name : job->devices) busy.erase(name);
      changed.notify_all();
      if (!stopping) bring_home(std::move(home));
    }
  }

  /// Calls back on the loop's thread, unless the fencer has gone by then.
  void bring_home(std::function<void()> call) {
    clock.post([call = std::move(call), pool = weak_from_this()] {
      if (!pool.expired()) call();
    });
  }

  [[nodiscard]] std::set<std::string> names_for(const std::string& node) const;
  [[nodiscard]] std::vector<OutletSeen> all_refuse(const std::string& node,
                                                   const std::string& why) const;

  Clock& clock;
  const std::vector<FenceDevice> devices;
  SilentDevices silent;
  const Brake stop;  ///< of all that acts; pulled when the fencer goes

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> waiting;
  std::deque<Job> probes;  ///< that wait
  std::vector<std::pair<std::set<std::string>, std::shared_ptr<Brake>>> probing;
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
    pool_->stop.pull();
    for (const auto& [names, brake] : pool_->probing) brake->pull();
  }
  pool_->changed.notify_all();
  for (auto& worker : pool_->workers) worker.join();
}

std::set<std::string> AgentFencer::Pool::names_for(const std::string& node) const {
  std::set<std::string> names;
  for (const auto& [level, group] : devices_of(devices, node)) {
    for (const auto& device : group) names.insert(device.name);
  }
  return names;
}

std::vector<OutletSeen> AgentFencer::Pool::all_refuse(const std::string& node,
                                                      const std::string& why) const {
  std::vector<OutletSeen> seen;
  for (const auto& [level, group] : devices_of(devices, node)) {
    for (const auto& device : group) {
      for (const auto& plug : device.plugs.at(node)) {
        seen.push_back(
            {device.name, level, plug, fail("fence device '" + device.name + "': " + why)});
      }
    }
  }
  return seen;
}

void AgentFencer::act(const std::string& node, PowerAction action,
                      std::function<void(Result<PowerAnswer>)> done) {
  Job job{.devices = pool_->names_for(node), .brake = nullptr, .run = {}};
  job.run = [pool = pool_.get(), node, action, done](const Brake& brake) -> std::function<void()> {
    auto state = act_on_node(pool->devices, node, action, brake.fd());
    return [done, state = std::move(state)] { done(state); };
  };
  const std::lock_guard lock(pool_->mutex);
  if (pool_->waiting.size() >= fence_queue_limit) {
    return pool_->bring_home([node, done = std::move(done)] {
      done(fail("cannot reach the power of " + node + ": " + std::to_string(fence_queue_limit) +
                " calls wait for fence devices already; try again later"));
    });
  }
  for (const auto& [names, brake] : pool_->probing) {
    if (overlap(names, job.devices)) brake->pull();
  }
  pool_->waiting.push_back(std::move(job));
  pool_->changed.notify_one();
}

void AgentFencer::probe(const std::string& node,
                        std::function<void(std::vector<OutletSeen>)> done) {
  Job job{.devices = pool_->names_for(node), .brake = std::make_shared<Brake>(), .run = {}};
  job.run = [pool = pool_.get(), probe = Probe{.node = node},
             done](const Brake& brake) -> std::function<void()> {
    Probe with_brake = probe;
    with_brake.stop_fd = brake.fd();
    auto seen = probe_node(pool->devices, with_brake, pool->silent);
    return [done, seen = std::move(seen)] { done(seen); };
  };
  const std::lock_guard lock(pool_->mutex);
  if (pool_->probes.size() >= fence_queue_limit) {
    return pool_->bring_home([pool = pool_.get(), node, done = std::move(done)] {
      done(pool->all_refuse(node, "too many are asked for already; ask again later"));
    });
  }
  pool_->probes.push_back(std::move(job));
  pool_->changed.notify_one();
}

}  // namespace upbeat
