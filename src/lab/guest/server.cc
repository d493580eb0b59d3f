// SPDX-License-Identifier: Apache-2.0
// One poll loop over a status port, an echo port and a datagram port.
#include "lab/guest/server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <vector>

namespace upbeat::guest {
namespace {

constexpr std::size_t line_limit_bytes = 4096;

/// What a listener offers to those who connect.
enum class Service : std::uint8_t { status, echo };

struct Connection {
  int fd;
  Service service;
  std::string line;
};

int bound(int type, int port) {
  const int fd = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
  const int one = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return -1;
  if (type == SOCK_STREAM && ::listen(fd, 16) != 0) return -1;
  return fd;
}

bool put(int fd, const std::string& text) {
  return ::send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
         static_cast<ssize_t>(text.size());
}

void echo_datagram(int fd) {
  char buffer[2048];
  sockaddr_in from{};
  socklen_t size = sizeof from;
  const auto got = ::recvfrom(fd, buffer, sizeof buffer, MSG_DONTWAIT,
                              reinterpret_cast<sockaddr*>(&from), &size);
  if (got >= 0) {
    ::sendto(fd, buffer, static_cast<std::size_t>(got), MSG_DONTWAIT,
             reinterpret_cast<const sockaddr*>(&from), size);
  }
}

/// Reads what a client says and answers; false when the connection is over.
bool converse(Connection& client, const Answer& answer) {
  char buffer[2048];
  const auto got = ::recv(client.fd, buffer, sizeof buffer, MSG_DONTWAIT);
  if (got <= 0) return false;
  const std::string said(buffer, static_cast<std::size_t>(got));
  if (client.service == Service::echo) return put(client.fd, said);
  client.line += said;
  for (std::size_t end = 0; (end = client.line.find('\n')) != std::string::npos;) {
    const std::string line = client.line.substr(0, client.line.find_last_not_of("\r\n", end) + 1);
    client.line.erase(0, end + 1);
    if (!put(client.fd, answer(line) + "\n")) {
      return false;
    }
  }
  return client.line.size() <= line_limit_bytes;
}

void welcome(int listener, Service service, std::vector<Connection>& clients,
             const Answer& answer) {
  const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return;
  const int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (clients.size() < connection_limit &&
      (service == Service::echo || put(fd, answer("") + "\n"))) {
    clients.push_back({fd, service, ""});
  } else {
    ::close(fd);
  }
}

}  // namespace

void serve(const Answer& answer) {
  const int lines = bound(SOCK_STREAM, status_port);
  const int echo = bound(SOCK_STREAM, echo_port);
  const int datagrams = bound(SOCK_DGRAM, datagram_port);
  if (lines < 0 || echo < 0 || datagrams < 0) {
    std::perror("guestd: cannot listen");
    return;
  }
  std::vector<Connection> clients;
  while (true) {
    std::vector<pollfd> fds{{lines, POLLIN, 0}, {echo, POLLIN, 0}, {datagrams, POLLIN, 0}};
    for (const auto& client : clients) fds.push_back({client.fd, POLLIN, 0});
    if (::poll(fds.data(), fds.size(), -1) <= 0) continue;
    for (std::size_t at = clients.size(); at-- > 0;) {
      if (fds[at + 3].revents != 0 && !converse(clients[at], answer)) {
        ::close(clients[at].fd);
        clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(at));
      }
    }
    if (fds[0].revents != 0) welcome(lines, Service::status, clients, answer);
    if (fds[1].revents != 0) welcome(echo, Service::echo, clients, answer);
    if (fds[2].revents != 0) echo_datagram(datagrams);
  }
}

}  // namespace upbeat::guest
