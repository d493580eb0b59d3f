// SPDX-License-Identifier: Apache-2.0
// Nodes that are machines: which they are, what their emulator is told, how their agent spells.
#include "lab/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdio>
#include <filesystem>
#include <thread>

#include "lab/json_socket.h"
#include "lab/machine_agent.h"
#include "lab/node_config.h"

namespace upbeat::lab {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;

TEST(Machines, AreTheLastNodes) {
  const Shape shape{.nodes = 3, .machines = 1};

  EXPECT_FALSE(is_machine(shape, 0));
  EXPECT_FALSE(is_machine(shape, 1));
  EXPECT_TRUE(is_machine(shape, 2));
}

TEST(Machines, SurviveTheManifest) {
  const auto shape = parse_shape(to_json({.nodes = 3, .machines = 1}));

  ASSERT_TRUE(shape) << shape.error().text;
  EXPECT_EQ(shape->machines, 1);
}

TEST(Machines, AreNeverAllNodes) {
  EXPECT_FALSE(parse_shape(to_json({.nodes = 2, .machines = 2})));
}

TEST(Machines, HaveTheirCablesAtTheGateway) {
  const auto names = Names::of("a");
  ASSERT_TRUE(names);
  const auto argv = machine_command(*names, {.nodes = 3, .machines = 1}, 2);

  EXPECT_THAT(argv, Contains("tap,id=link0,ifname=node2p0,script=no,downscript=no"));
  EXPECT_THAT(argv, Contains("tap,id=link1,ifname=node2p1,script=no,downscript=no"));
}

TEST(Machines, HaveTheAddressesOfTheirNode) {
  EXPECT_THAT(machine_network(2), HasSubstr("addr add 10.9.0.3/24 brd + dev br0\n"));
  EXPECT_THAT(machine_network(2), HasSubstr("addr add 10.9.1.3/24 brd + dev eth1\n"));
}

TEST(NodeIndex, IsTheNumberInItsName) {
  EXPECT_EQ(node_index("node2"), 2);
  EXPECT_EQ(node_index("node13"), 13);
}

TEST(Base64, IsThatOfRfc4648) {
  const std::pair<const char*, const char*> pairs[] = {
      {"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
      {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xff\xfe\xfd", "//79"}};
  for (const auto& [bytes, text] : pairs) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
}

/// A server of one conversation at a path of its own.
class Server {
 public:
  explicit Server(std::string says) : says_(std::move(says)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.string().copy(address.sun_path, sizeof address.sun_path - 1);
    ::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::listen(fd_.get(), 1);
    thread_ = std::thread([this] {
      const Fd caller(::accept(fd_.get(), nullptr, nullptr));
      ::send(caller.get(), says_.data(), says_.size(), MSG_NOSIGNAL);
    });
  }
  ~Server() {
    thread_.join();
    std::filesystem::remove(path_);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::string says_;
  std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("json-socket-" + std::to_string(::getpid()));
  Fd fd_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::thread thread_;
};

TEST(JsonSocket, TakesTheAnswerAndNotTheEventsBeforeIt) {
  const Server server("{\"event\":\"RESET\"}\nno json\n{\"return\":{\"status\":\"running\"}}\n");
  auto socket = JsonSocket::connect(server.path(), std::chrono::steady_clock::now() + 10s);
  ASSERT_TRUE(socket) << socket.error().text;

  const auto answer = socket->answer();

  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_EQ(boost::json::serialize(*answer), R"({"return":{"status":"running"}})");
}

TEST(JsonSocket, SaysThatTheOtherSideHungUp) {
  const Server server("{\"return\":");
  auto socket = JsonSocket::connect(server.path(), std::chrono::steady_clock::now() + 10s);
  ASSERT_TRUE(socket) << socket.error().text;

  const auto answer = socket->answer();

  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().text, HasSubstr("hung up"));
}

}  // namespace
}  // namespace upbeat::lab
