// SPDX-License-Identifier: Apache-2.0
// The status port of a guest, from the gateway.
#include "lab/guest_status.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <thread>

#include "base/fd.h"
#include "lab/network.h"

namespace upbeat::lab {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int status_port = 7000;  // guest/server.h
constexpr std::size_t line_limit_bytes = 4096;

bool wait_for(int fd, short events, Clock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  pollfd ready{fd, events, 0};
  return left > 0 && ::poll(&ready, 1, static_cast<int>(left)) > 0;
}

/// The first line that a server says to whoever connects; empty if it did not come in time.
std::string first_line(const std::string& address, int port, Clock::time_point deadline) {
  const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, address.c_str(), &to.sin_addr);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 &&
      errno != EINPROGRESS) {
    return "";
  }
  std::string line;
  std::array<char, 512> buffer{};
  while (!line.contains('\n') && line.size() < line_limit_bytes) {
    if (!wait_for(fd.get(), POLLIN, deadline)) return "";
    const ssize_t got = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) return "";
    line.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return line.substr(0, line.find('\n'));
}

}  // namespace

Result<GuestStatus> parse_guest_status(const std::string& line) {
  boost::system::error_code error;
  const auto value = boost::json::parse(line, error);
  if (error || !value.is_object()) return fail("a guest answered with what is no status line");
  const auto& object = value.as_object();
  const auto number = [&]<class T>(const char* key, T& to) {
    const auto* found = object.if_contains(key);
    if (found != nullptr && found->is_number()) to = found->to_number<T>(error);
  };
  GuestStatus status;
  const auto* vm = object.if_contains("vm");
  const auto* boot_id = object.if_contains("boot_id");
  if (vm == nullptr || !vm->is_string() || boot_id == nullptr || !boot_id->is_string()) {
    return fail("a guest answered with a status line that lacks its name or boot id");
  }
  status.vm = vm->as_string().c_str();
  status.boot_id = boot_id->as_string().c_str();
  number("uptime_s", status.uptime_s);
  number("memory_checks", status.memory_checks);
  number("memory_errors", status.memory_errors);
  number("disk_writes", status.disk_writes);
  number("disk_errors", status.disk_errors);
  number("stack_echoes", status.stack_echoes);
  return status;
}

Result<GuestStatus> guest_status(const Names& names, const std::string& address,
                                 std::chrono::milliseconds limit) {
  std::string line;
  std::thread([&] {  // a thread of its own, since one that entered a namespace stays there
    if (enter_namespace(names, "gw")) line = first_line(address, status_port, Clock::now() + limit);
  })
      .join();
  if (!line.empty()) return parse_guest_status(line);
  return fail("the guest at " + address + " did not answer within " +
              std::to_string(limit.count()) + " ms");
}

}  // namespace upbeat::lab
