// SPDX-License-Identifier: Apache-2.0
// Watches the nodes' QEMU processes from outside them, all the while.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "lab/demo_judge.h"
#include "lab/lab.h"
#include "measure/priority.h"

namespace upbeat::lab {

inline constexpr std::chrono::milliseconds world_sample_interval{100};

/// Samples the lab's QEMU processes (lab/world.h) and what they execute, from its making to its
/// end, in a thread of its own that goes before others, and judges each sample. Thread safe.
class WorldWatch {
 public:
  explicit WorldWatch(const Lab& lab);  ///< which has to live as long
  WorldWatch(const WorldWatch&) = delete;
  WorldWatch& operator=(const WorldWatch&) = delete;
  ~WorldWatch();

  [[nodiscard]] std::vector<Twice> twice() const;
  /// The processes of the latest sample.
  [[nodiscard]] std::vector<QemuSeen> now() const;
  /// The longest time between two samples until now: shorter overlaps may have gone unseen.
  [[nodiscard]] std::chrono::nanoseconds longest_gap() const;
  /// The processor time that watching has cost.
  [[nodiscard]] std::chrono::nanoseconds cpu_time() const;

 private:
  using Key = std::pair<pid_t, std::uint64_t>;
  void loop();
  std::vector<QemuSeen> look();

  const Lab& lab_;
  std::map<Key, std::vector<pid_t>> guest_threads_;  // the watching thread's own
  std::atomic<bool> stopping_{false};
  std::atomic<std::int64_t> cpu_ns_{0};
  mutable measure::InheritingMutex mutex_;  // guards what follows
  RunJudge judge_;
  std::chrono::nanoseconds longest_gap_{0};
  std::thread thread_;
};

}  // namespace upbeat::lab
