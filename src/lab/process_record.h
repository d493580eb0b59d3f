// SPDX-License-Identifier: Apache-2.0
// Which processes belong to the lab: written down so that another command can find and end them.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace upbeat::lab {

/// A process, told from a later one with the same number by the moment at which it started
/// (field 22 of /proc/PID/stat, clock ticks since boot; proc(5)).
struct ProcessRecord {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;

  bool operator==(const ProcessRecord&) const = default;
};

/// What /proc/PID/stat tells.
struct ProcessStat {
  ProcessRecord record;
  pid_t parent = 0;
  char state = '?';
  std::string command;  ///< the kernel's short name of it, at most 15 bytes
};

[[nodiscard]] std::optional<ProcessStat> parse_stat(const std::string& text);
[[nodiscard]] std::optional<ProcessStat> stat_of(pid_t pid);
[[nodiscard]] std::vector<pid_t> all_processes();

[[nodiscard]] std::string to_text(const ProcessRecord& record);
[[nodiscard]] std::optional<ProcessRecord> parse_record(const std::string& text);
[[nodiscard]] std::optional<ProcessRecord> read_record(const std::filesystem::path& path);

/// True while that very process runs; one that ended but was not waited for does not.
[[nodiscard]] bool alive(const ProcessRecord& record);

/// Sends `signal` to that very process, never to a later one of the same number.
void send_signal(const ProcessRecord& record, int signal);

/// SIGKILL, then waits until the process is gone; false if it is still there after `limit`.
bool kill_and_wait(const ProcessRecord& record, std::chrono::milliseconds limit);

}  // namespace upbeat::lab
