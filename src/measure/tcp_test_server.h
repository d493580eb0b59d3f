// SPDX-License-Identifier: Apache-2.0
// A listener on loopback that hands each connection to a function of the test, in one thread.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <functional>
#include <thread>

#include "base/fd.h"

namespace upbeat::measure {

class TestServer {
 public:
  explicit TestServer(std::function<void(int fd)> serve)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), size);
    ::listen(fd_.get(), 4);
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, serve = std::move(serve)] {
      for (int got = 0; (got = ::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
        const Fd client(got);
        serve(client.get());
      }
    });
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;
  ~TestServer() {
    ::shutdown(fd_.get(), SHUT_RDWR);
    thread_.join();
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  Fd fd_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace upbeat::measure
