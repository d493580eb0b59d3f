// SPDX-License-Identifier: Apache-2.0
// Reads /proc ten times a second, cheaply: a process that has been no QEMU for a while is looked at
// only now and then, since a program is replaced (execve(2)) soon after its process began.
#include "lab/demo_world.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <set>

#include "base/fd.h"

namespace upbeat::lab {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int boring_after_samples = 50;  // 5 s: libvirt has long made its child a QEMU by then
constexpr int boring_look_every = 20;
constexpr std::size_t cmdline_limit_bytes = 65'536;

std::string read_file(const std::string& path) {
  std::string text;
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 8192> buffer{};
  while (file.open() && text.size() < cmdline_limit_bytes) {
    const auto got = ::read(file.get(), buffer.data(), buffer.size());
    if (got <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

/// The entries of a /proc folder that are numbers.
std::vector<pid_t> numbers_in(const std::string& folder) {
  std::vector<pid_t> numbers;
  DIR* open = ::opendir(folder.c_str());
  if (open == nullptr) return numbers;
  while (const dirent* entry = ::readdir(open)) {
    const std::string_view name = entry->d_name;
    pid_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && end == name.data() + name.size()) numbers.push_back(number);
  }
  ::closedir(open);
  return numbers;
}

std::uint64_t inode_of(const std::string& path) {
  struct stat about{};
  return ::stat(path.c_str(), &about) == 0 ? about.st_ino : 0;
}

/// When the process started, in ticks; 0 if it is gone, or dead and not yet waited for.
std::uint64_t start_of(const std::string& proc) {
  const std::string stat = read_file(proc + "/stat");
  const auto name_end = stat.rfind(')');
  if (name_end == std::string::npos || name_end + 2 >= stat.size()) return 0;
  const char state = stat[name_end + 2];
  if (state == 'Z' || state == 'X') return 0;
  std::size_t at = name_end + 2;
  for (int field = 3; field < 22; ++field) {  // proc(5): starttime is field 22, state is field 3
    at = stat.find(' ', at);
    if (at == std::string::npos) return 0;
    ++at;
  }
  return std::strtoull(stat.c_str() + at, nullptr, 10);
}

/// The threads that execute the guest: QEMU names them "CPU 0/TCG", "CPU 1/KVM", "ALL CPUs/TCG".
std::vector<pid_t> guest_threads_of(const std::string& proc) {
  std::vector<pid_t> threads;
  for (const auto thread : numbers_in(proc + "/task")) {
    const auto name = read_file(proc + "/task/" + std::to_string(thread) + "/comm");
    if (name.starts_with("CPU ") || name.starts_with("ALL CPUs")) threads.push_back(thread);
  }
  return threads;
}

}  // namespace

std::optional<QemuWords> read_qemu_words(std::string_view cmdline) {
  std::vector<std::string_view> words;
  while (!cmdline.empty()) {
    const auto end = cmdline.find('\0');
    words.push_back(cmdline.substr(0, end));
    cmdline.remove_prefix(end == std::string_view::npos ? cmdline.size() : end + 1);
  }
  if (words.empty() || words[0].find("qemu-system") == std::string_view::npos) return std::nullopt;
  QemuWords found;
  for (std::size_t at = 1; at < words.size(); ++at) {
    if (words[at] == "-incoming") found.origin = Origin::incoming;
    if (words[at] != "-name" || at + 1 == words.size()) continue;
    auto name = words[at + 1];
    if (name.starts_with("guest=")) name.remove_prefix(6);
    found.vm = name.substr(0, name.find(','));
  }
  if (found.vm.empty()) return std::nullopt;
  return found;
}

WorldWatch::WorldWatch(std::map<std::string, std::string> netns_of_node)
    : netns_of_node_(std::move(netns_of_node)) {
  thread_ = std::thread([this] { loop(); });
}

WorldWatch::~WorldWatch() {
  stopping_ = true;
  thread_.join();
}

void WorldWatch::loop() {
  auto due = Clock::now();
  auto before = due;
  while (!stopping_) {
    std::this_thread::sleep_until(due);
    due = std::max(due + world_sample_interval, Clock::now());
    const auto seen = look();
    const auto now = Clock::now();
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    cpu_ns_ = used.tv_sec * 1'000'000'000LL + used.tv_nsec;
    const std::scoped_lock lock(mutex_);
    judge_.sample(now, seen);
    if (samples_++ > 0) longest_gap_ = std::max(longest_gap_, Clock::duration(now - before));
    before = now;
  }
}

std::vector<QemuSeen> WorldWatch::look() {
  std::map<std::uint64_t, std::string> nodes;  // read anew: a node that was off has a new one
  for (const auto& [node, path] : netns_of_node_) {
    if (const auto inode = inode_of(path); inode != 0) nodes.emplace(inode, node);
  }
  const auto pids = numbers_in("/proc");
  std::vector<QemuSeen> seen;
  for (const auto pid : pids) {
    if (auto one = look_at(pid, nodes)) seen.push_back(std::move(*one));
  }
  const std::set<pid_t> here(pids.begin(), pids.end());
  std::erase_if(known_, [&](const auto& entry) { return !here.contains(entry.first); });
  return seen;
}

std::optional<QemuSeen> WorldWatch::look_at(pid_t pid,
                                            const std::map<std::uint64_t, std::string>& nodes) {
  auto& known = known_[pid];
  if (!known.words && known.boring_for > boring_after_samples &&
      ++known.boring_for % boring_look_every != 0) {
    return std::nullopt;
  }
  const std::string proc = "/proc/" + std::to_string(pid);
  const auto started = start_of(proc);
  if (started == 0) return std::nullopt;
  if (started != known.start_ticks) known = {.start_ticks = started};
  if (!known.words) {
    known.words = read_qemu_words(read_file(proc + "/cmdline"));
    const auto node = nodes.find(inode_of(proc + "/ns/net"));
    if (node == nodes.end()) known.words.reset();
    if (!known.words) {
      ++known.boring_for;
      return std::nullopt;
    }
    known.node = node->second;
  }
  if (known.guest_threads.empty()) known.guest_threads = guest_threads_of(proc);
  QemuSeen seen{.vm = known.words->vm,
                .node = known.node,
                .pid = pid,
                .start_ticks = started,
                .origin = known.words->origin};
  for (const auto thread : known.guest_threads) {  // proc(5) schedstat: time on a CPU in ns first
    const auto text = read_file(proc + "/task/" + std::to_string(thread) + "/schedstat");
    seen.guest_cpu += std::chrono::nanoseconds(std::strtoll(text.c_str(), nullptr, 10));
  }
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

std::uint64_t WorldWatch::samples() const {
  const std::scoped_lock lock(mutex_);
  return samples_;
}

std::chrono::nanoseconds WorldWatch::longest_gap() const {
  const std::scoped_lock lock(mutex_);
  return longest_gap_;
}

std::chrono::nanoseconds WorldWatch::cpu_time() const { return std::chrono::nanoseconds(cpu_ns_); }

}  // namespace upbeat::lab
