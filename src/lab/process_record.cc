// SPDX-License-Identifier: Apache-2.0
// Processes by number and start time; signals through a pidfd, so that a recycled number is safe.
#include "lab/process_record.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <sstream>

#include "base/fd.h"
#include "lab/files.h"

namespace upbeat::lab {

std::optional<ProcessStat> parse_stat(const std::string& text) {
  const auto open = text.find('(');
  const auto close = text.rfind(')');  // the name itself may hold anything
  if (open == std::string::npos || close == std::string::npos || close < open) return {};
  ProcessStat stat;
  stat.command = text.substr(open + 1, close - open - 1);
  std::istringstream head(text.substr(0, open));
  std::istringstream tail(text.substr(close + 1));
  constexpr int fields_between_parent_and_start = 17;
  std::string skipped;
  head >> stat.record.pid;
  tail >> stat.state >> stat.parent;
  for (int field = 0; field < fields_between_parent_and_start; ++field) tail >> skipped;
  tail >> stat.record.start_ticks;
  if (!head || !tail) return {};
  return stat;
}

std::optional<ProcessStat> stat_of(pid_t pid) {
  const auto text = read_file("/proc/" + std::to_string(pid) + "/stat");
  return text ? parse_stat(*text) : std::nullopt;
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> pids;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (parsed.ec == std::errc() && parsed.ptr == name.data() + name.size()) pids.push_back(pid);
  }
  return pids;
}

std::string to_text(const ProcessRecord& record) {
  return std::to_string(record.pid) + " " + std::to_string(record.start_ticks) + "\n";
}

std::optional<ProcessRecord> parse_record(const std::string& text) {
  std::istringstream in(text);
  ProcessRecord record;
  if (!(in >> record.pid >> record.start_ticks) || record.pid <= 1) return {};
  return record;
}

std::optional<ProcessRecord> read_record(const std::filesystem::path& path) {
  const auto text = read_file(path);
  return text ? parse_record(*text) : std::nullopt;
}

bool alive(const ProcessRecord& record) {
  const auto stat = stat_of(record.pid);
  return stat && stat->record == record && stat->state != 'Z' && stat->state != 'X';
}

void send_signal(const ProcessRecord& record, int signal) {
  const Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, record.pid, 0)));
  if (handle.open() && alive(record)) {
    ::syscall(SYS_pidfd_send_signal, handle.get(), signal, nullptr, 0);
  }
}

bool kill_and_wait(const ProcessRecord& record, std::chrono::milliseconds limit) {
  const Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, record.pid, 0)));
  if (!handle.open() || !alive(record)) return true;
  ::syscall(SYS_pidfd_send_signal, handle.get(), SIGKILL, nullptr, 0);
  pollfd ended{handle.get(), POLLIN, 0};
  return ::poll(&ended, 1, static_cast<int>(limit.count())) > 0 || !alive(record);
}

}  // namespace upbeat::lab
