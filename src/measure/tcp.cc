// SPDX-License-Identifier: Apache-2.0
// connect(2), non-blocking, then poll(2) for its outcome.
#include "measure/tcp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "measure/namespaces.h"

namespace upbeat::measure {

Result<Fd> connect_in(const std::string& netns_path, const std::string& address, std::uint16_t port,
                      std::chrono::milliseconds timeout) {
  const std::string where = address + " port " + std::to_string(port);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  if (::inet_pton(AF_INET, address.c_str(), &to.sin_addr) != 1) {
    return fail("cannot connect to '" + address + "': it is no IPv4 address such as 10.0.0.1");
  }
  auto fd = socket_in(netns_path, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (!fd) return fd;
  const int one = 1;
  ::setsockopt(fd->get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  int error = 0;
  if (::connect(fd->get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) error = errno;
  if (error == EINPROGRESS) {
    pollfd connected{fd->get(), POLLOUT, 0};
    socklen_t size = sizeof error;
    if (::poll(&connected, 1, static_cast<int>(timeout.count())) <= 0) {
      error = ETIMEDOUT;
    } else {
      ::getsockopt(fd->get(), SOL_SOCKET, SO_ERROR, &error, &size);
    }
  }
  if (error != 0) {
    return fail("cannot connect to " + where + ": " + std::strerror(error) +
                "; is the guest up and its service listening?");
  }
  return fd;
}

}  // namespace upbeat::measure
