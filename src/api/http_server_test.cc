// SPDX-License-Identifier: Apache-2.0
// The HTTP server on a real socket: requests, streams, limits, and who is there already.
#include "api/http_server.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <chrono>
#include <fstream>
#include <vector>

#include "api/threaded_server_test.h"
#include "base/fd.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

/// A client that knows no HTTP: it sends and reads bytes.
class Wire {
 public:
  explicit Wire(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    connected =
        ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  void say(const std::string& text) const {
    std::size_t sent = 0;
    while (sent < text.size()) {
      const auto more = ::send(fd_.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (more <= 0) return;
      sent += static_cast<std::size_t>(more);
    }
  }
  /// Reads until `end` is there; all there is if the other side closes before.
  std::string hear(const std::string& end) {
    std::string buffer(65'536, '\0');
    std::size_t at = 0;
    while ((at = heard_.find(end)) == std::string::npos) {
      const auto more = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
      if (more <= 0) return std::exchange(heard_, {});
      heard_.append(buffer.data(), static_cast<std::size_t>(more));
    }
    std::string found = heard_.substr(0, at + end.size());
    heard_.erase(0, at + end.size());
    return found;
  }
  std::string hear_all() { return hear(std::string("\0never", 6)); }
  std::string ask(const std::string& head, const std::string& body = "") {
    say(head + " HTTP/1.1\r\nHost: upbeat\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n\r\n" + body);
    return hear("}\n");
  }

  bool connected = false;

 private:
  Fd fd_;
  std::string heard_;
};

TEST(HttpServer, AnswersOneRequestPerConnectionOnly) {
  ThreadedServer server;
  Wire wire(server.socket_path);
  EXPECT_TRUE(wire.ask("GET /v1/status").starts_with("HTTP/1.1 200 OK"));
  EXPECT_TRUE(wire.ask("GET /v1/vms/x9").starts_with("HTTP/1.1 404 Not Found"));
  const std::string wrong_method = wire.ask("PUT /v1/status");
  EXPECT_TRUE(wrong_method.contains("Allow: GET\r\n")) << wrong_method;
  EXPECT_TRUE(wire.ask("POST /v1/nodes/node1/drain", "{}").starts_with("HTTP/1.1 202"));
}

TEST(HttpServer, LetsOthersThanRootIn) {
  const ThreadedServer server;
  struct stat found{};
  ASSERT_EQ(::stat(server.socket_path.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777U, 0600U);
}

TEST(HttpServer, LeavesItsSocketBehind) {
  std::string path;
  {
    const ThreadedServer server;
    path = server.socket_path;
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(HttpServer, TakesTheSocketOfALivingDaemon) {
  ThreadedServer server;
  server.with_service([&](ServiceTwin& service) {
    boost::asio::io_context io;
    const auto second = HttpServer::listen(io, service, server.socket_path);
    ASSERT_FALSE(second);
    EXPECT_TRUE(second.error().text.contains("another daemon answers there"));
  });
  EXPECT_TRUE(Wire(server.socket_path).ask("GET /v1/status").contains("200 OK"));
}

TEST(HttpServer, StumblesOverTheSocketOfADeadDaemon) {
  const TemporaryFolder folder;
  const std::string path = folder.file("api.sock");
  {
    const Fd dead(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  boost::asio::io_context io;
  AsioClock clock(io);
  ServiceTwin service(clock);
  EXPECT_TRUE(HttpServer::listen(io, service, path));
}

TEST(HttpServer, OverwritesAFileThatIsNoSocketOrInventsAFolder) {
  const TemporaryFolder folder;
  std::ofstream(folder.file("precious")) << "data";
  boost::asio::io_context io;
  AsioClock clock(io);
  ServiceTwin service(clock);
  EXPECT_TRUE(HttpServer::listen(io, service, folder.file("precious"))
                  .error()
                  .text.contains("is no socket"));
  EXPECT_EQ(std::filesystem::file_size(folder.file("precious")), 4U);
  EXPECT_TRUE(HttpServer::listen(io, service, folder.file("none/api.sock"))
                  .error()
                  .text.contains("folder exists"));
  EXPECT_FALSE(HttpServer::listen(io, service, std::string(200, 'a')));
}

TEST(HttpServer, TakesInBodiesAndHeadersOfAnyLength) {
  const ThreadedServer server;
  Wire body(server.socket_path);
  body.say("POST /v1/vms HTTP/1.1\r\nContent-Length: 600000\r\n\r\n");
  EXPECT_TRUE(body.hear_all().starts_with("HTTP/1.1 413"));
  Wire header(server.socket_path);
  header.say("GET /v1/status HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n");
  EXPECT_TRUE(header.hear_all().starts_with("HTTP/1.1 431"));
}

TEST(HttpServer, HasNoWordForWhatIsNotHttp) {
  const ThreadedServer server;
  Wire wire(server.socket_path);
  wire.say("hello, is anybody there?\r\n\r\n");
  EXPECT_TRUE(wire.hear_all().starts_with("HTTP/1.1 400"));
}

TEST(HttpServer, TakesInConnectionsWithoutEnd) {
  const ThreadedServer server;
  std::vector<std::unique_ptr<Wire>> wires;
  for (std::size_t number = 0; number < http_connection_limit; ++number) {
    wires.push_back(std::make_unique<Wire>(server.socket_path));
    ASSERT_TRUE(wires.back()->ask("GET /v1/nodes").contains("200 OK"));
  }
  EXPECT_TRUE(Wire(server.socket_path).hear_all().starts_with("HTTP/1.1 503"));
  wires.pop_back();
  // The server sees the end of that connection in its own time.
  std::string answer;
  for (int tries = 0; tries < 100 && !answer.contains("200 OK"); ++tries)
    answer = Wire(server.socket_path).ask("GET /v1/nodes");
  EXPECT_TRUE(answer.contains("200 OK"));
}

constexpr const char* follow_all = "GET /v1/events?follow=true&every=true HTTP/1.1\r\n\r\n";

TEST(HttpServer, KeepsEventsFromThoseWhoFollow) {
  ThreadedServer server;
  Wire wire(server.socket_path);
  wire.say(follow_all);
  EXPECT_TRUE(wire.hear("\r\n\r\n").contains("application/x-ndjson"));
  server.with_service([](ServiceTwin& service) { service.run_vm("x0", 64); });
  EXPECT_TRUE(wire.hear("was defined (64 MiB)\"}\n").contains("\"subject\":\"x0\""));
}

TEST(HttpServer, AllowsStreamsWithoutEnd) {
  const ThreadedServer server;
  std::vector<std::unique_ptr<Wire>> wires;
  for (std::size_t number = 0; number < http_stream_limit; ++number) {
    wires.push_back(std::make_unique<Wire>(server.socket_path));
    wires.back()->say(follow_all);
    ASSERT_TRUE(wires.back()->hear("\r\n\r\n").starts_with("HTTP/1.1 200"));
  }
  Wire wire(server.socket_path);
  wire.say(follow_all);
  EXPECT_TRUE(wire.hear_all().starts_with("HTTP/1.1 503"));
}

TEST(HttpServer, PilesUpLinesForAReaderThatSleeps) {
  ThreadedServer server;
  Wire sleeper(server.socket_path);
  sleeper.say(follow_all);
  ASSERT_TRUE(sleeper.hear("\r\n\r\n").starts_with("HTTP/1.1 200"));
  // More than the backlog and what the kernel keeps for a socket.
  for (int round = 0; round < 40; ++round) {
    server.with_service([](ServiceTwin& service) {
      for (int event = 0; event < 1000; ++event)
        service.apply(DrainRequested{.node = NodeId{1}, .why = std::string(50, 'w')});
    });
  }
  const std::string heard = sleeper.hear_all();
  EXPECT_LT(heard.size(), 4U << 20U);
  const std::string end = heard.substr(heard.size() - std::min<std::size_t>(heard.size(), 300));
  EXPECT_TRUE(end.contains("you were too slow and are cut off here")) << end;
  EXPECT_TRUE(end.ends_with("0\r\n\r\n")) << end;
}

TEST(HttpServer, KeepsConnectionsAfterItsEnd) {
  ThreadedServer server;
  Wire idle(server.socket_path);
  ASSERT_TRUE(idle.ask("GET /v1/nodes").contains("200 OK"));
  Wire stream(server.socket_path);
  stream.say(follow_all);
  ASSERT_TRUE(stream.hear("\r\n\r\n").starts_with("HTTP/1.1 200"));
  server.stop_server();
  EXPECT_EQ(idle.hear_all(), "");
  stream.hear_all();
  EXPECT_FALSE(Wire(server.socket_path).connected);
}

}  // namespace
}  // namespace upbeat
