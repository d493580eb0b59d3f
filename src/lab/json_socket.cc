// SPDX-License-Identifier: Apache-2.0
// Lines out of a socket, with one deadline for all of them.
#include "lab/json_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace upbeat::lab {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t line_limit_bytes = 32U << 20U;

bool wait_for(int fd, short events, JsonSocket::Deadline deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  pollfd ready{fd, events, 0};
  return left > 0ms && ::poll(&ready, 1, static_cast<int>(std::min(left, 1h + 0ms).count())) > 0;
}

}  // namespace

Result<JsonSocket> JsonSocket::connect(const std::filesystem::path& path, Deadline deadline) {
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  if (!fd.open() ||
      ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail("cannot speak to " + path.string() + ": " + std::strerror(errno));
  }
  return JsonSocket(std::move(fd), deadline);
}

Done JsonSocket::send(const boost::json::object& object) {
  const std::string line = boost::json::serialize(object) + "\n";
  for (std::size_t at = 0; at < line.size();) {
    if (!wait_for(fd_.get(), POLLOUT, deadline_)) return fail("the emulator takes no commands");
    const ssize_t put = ::send(fd_.get(), line.data() + at, line.size() - at, MSG_NOSIGNAL);
    if (put <= 0) return fail(std::string("the emulator hung up: ") + std::strerror(errno));
    at += static_cast<std::size_t>(put);
  }
  return {};
}

Result<boost::json::object> JsonSocket::receive() {
  while (true) {
    for (auto end = unread_.find('\n'); end != std::string::npos; end = unread_.find('\n')) {
      boost::system::error_code error;
      const auto value = boost::json::parse(unread_.substr(0, end), error);
      unread_.erase(0, end + 1);
      if (!error && value.is_object()) return value.as_object();
    }
    if (unread_.size() > line_limit_bytes) return fail("the emulator said a line without an end");
    if (!wait_for(fd_.get(), POLLIN, deadline_)) return fail("no answer in time");
    std::array<char, 4096> buffer{};
    const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) return fail("the emulator hung up");
    unread_.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

Result<boost::json::object> JsonSocket::answer() {
  while (true) {
    auto object = receive();
    if (!object || object->contains("return") || object->contains("error")) return object;
  }
}

}  // namespace upbeat::lab
