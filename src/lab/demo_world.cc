// SPDX-License-Identifier: Apache-2.0
// Ten times a second: which QEMU processes there are, and what their vCPU threads have executed.
#include "lab/demo_world.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <set>

#include "lab/files.h"

namespace upbeat::lab {
namespace {

using Clock = std::chrono::steady_clock;

/// The threads that execute the guest: QEMU names them "CPU 0/TCG", "CPU 1/KVM", "ALL CPUs/TCG".
std::vector<pid_t> guest_threads_of(pid_t pid) {
  std::vector<pid_t> threads;
  std::error_code gone;
  const auto tasks = "/proc/" + std::to_string(pid) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks, gone)) {
    const auto name = read_file(task.path() / "comm");
    if (name && (name->starts_with("CPU ") || name->starts_with("ALL CPUs"))) {
      threads.push_back(
          static_cast<pid_t>(std::strtol(task.path().filename().c_str(), nullptr, 10)));
    }
  }
  return threads;
}

/// The time that a thread has been on a CPU: the first number of its schedstat (proc(5)).
std::chrono::nanoseconds cpu_of(pid_t pid, pid_t thread) {
  const auto text =
      read_file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(thread) + "/schedstat");
  return std::chrono::nanoseconds(text ? std::strtoll(text->c_str(), nullptr, 10) : 0);
}

}  // namespace

WorldWatch::WorldWatch(const Lab& lab) : lab_(lab) {
  thread_ = std::thread([this] { loop(); });
}

WorldWatch::~WorldWatch() {
  stopping_ = true;
  thread_.join();
}

void WorldWatch::loop() {
  auto due = Clock::now();
  auto before = Clock::time_point::max();
  while (!stopping_) {
    std::this_thread::sleep_until(due);
    due = std::max(due + world_sample_interval, Clock::now());
    const auto seen = look();
    const auto now = Clock::now();
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    cpu_ns_ = used.tv_sec * 1'000'000'000LL + used.tv_nsec;
    const std::scoped_lock lock(mutex_);
    judge_.sample(seen);
    longest_gap_ = std::max(longest_gap_, std::chrono::nanoseconds(now - std::min(before, now)));
    before = now;
  }
}

std::vector<QemuSeen> WorldWatch::look() {
  std::vector<QemuSeen> seen;
  std::set<Key> here;
  for (const auto& one : lab_.qemu_processes()) {
    const auto [pid, start_ticks] = one.process;
    here.emplace(pid, start_ticks);
    auto& threads = guest_threads_[{pid, start_ticks}];
    if (threads.empty()) threads = guest_threads_of(pid);
    std::chrono::nanoseconds executed{0};
    const auto read_from = Clock::now();
    for (const auto thread : threads) executed += cpu_of(pid, thread);
    seen.push_back(
        {one.vm, one.node, pid, start_ticks, one.origin, executed, read_from, Clock::now()});
  }
  std::erase_if(guest_threads_, [&](const auto& entry) { return !here.contains(entry.first); });
  return seen;
}

std::vector<Twice> WorldWatch::twice() const {
  const std::scoped_lock lock(mutex_);
  return judge_.twice();
}

std::vector<QemuSeen> WorldWatch::now() const {
  const std::scoped_lock lock(mutex_);
  return judge_.now();
}

std::chrono::nanoseconds WorldWatch::longest_gap() const {
  const std::scoped_lock lock(mutex_);
  return longest_gap_;
}

std::chrono::nanoseconds WorldWatch::cpu_time() const { return std::chrono::nanoseconds(cpu_ns_); }

}  // namespace upbeat::lab
