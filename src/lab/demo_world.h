// SPDX-License-Identifier: Apache-2.0
// Watches the nodes' QEMU processes from outside them: what /proc of the machine shows.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "lab/demo_judge.h"

namespace upbeat::lab {

inline constexpr std::chrono::milliseconds world_sample_interval{100};

/// The guest that a QEMU serves, by its command line as /proc/PID/cmdline holds it (words that end
/// with a zero byte); nothing for any other program.
struct QemuWords {
  std::string vm;
  Origin origin = Origin::booted;
  bool operator==(const QemuWords&) const = default;
};
[[nodiscard]] std::optional<QemuWords> read_qemu_words(std::string_view cmdline);

/// Samples all QEMU processes that live in the network namespaces of the nodes, from its making to
/// its end, in a thread of its own. Which node a process belongs to is told by its network
/// namespace. Thread safe.
class WorldWatch {
 public:
  /// `netns_of_node`: for each node the file that names its network namespace.
  explicit WorldWatch(std::map<std::string, std::string> netns_of_node);
  WorldWatch(const WorldWatch&) = delete;
  WorldWatch& operator=(const WorldWatch&) = delete;
  ~WorldWatch();

  [[nodiscard]] std::vector<Twice> twice() const;
  /// The processes of the latest sample.
  [[nodiscard]] std::vector<QemuSeen> now() const;
  [[nodiscard]] std::uint64_t samples() const;
  /// The longest time between two samples until now: shorter overlaps may have gone unseen.
  [[nodiscard]] std::chrono::nanoseconds longest_gap() const;
  /// The processor time that watching has cost.
  [[nodiscard]] std::chrono::nanoseconds cpu_time() const;

 private:
  struct Known {
    std::uint64_t start_ticks = 0;
    int boring_for = 0;  // samples in which it was no QEMU
    std::optional<QemuWords> words;
    std::vector<pid_t> guest_threads;
    std::string node;
  };
  void loop();
  std::vector<QemuSeen> look();
  std::optional<QemuSeen> look_at(pid_t pid, const std::map<std::uint64_t, std::string>& nodes);

  const std::map<std::string, std::string> netns_of_node_;
  std::map<pid_t, Known> known_;  // the thread's own
  std::atomic<bool> stopping_{false};
  std::atomic<std::int64_t> cpu_ns_{0};
  mutable std::mutex mutex_;  // guards what follows
  RunJudge judge_;
  std::uint64_t samples_ = 0;
  std::chrono::nanoseconds longest_gap_{0};
  std::thread thread_;
};

}  // namespace upbeat::lab
