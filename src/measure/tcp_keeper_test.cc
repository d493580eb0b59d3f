// SPDX-License-Identifier: Apache-2.0
// Connections to a server that echoes well, stalls, closes, or says something else.
#include "measure/tcp_keeper.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "measure/tcp_test_server.h"

namespace upbeat::measure {
namespace {

using namespace std::chrono_literals;

/// Echoes `lines` pieces and then lets `then` happen before it goes on echoing to the end.
void echo(int fd, int pieces, const std::function<void()>& then) {
  std::array<char, 1024> buffer{};
  for (int piece = 0;; ++piece) {
    const auto got = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (got <= 0) return;
    if (piece == pieces) then();
    ::send(fd, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
  }
}

TcpFate keep_for(std::chrono::milliseconds time, const std::function<void(int)>& serve) {
  const TestServer server(serve);
  auto keepers = TcpKeepers::start({{"x0", "127.0.0.1"}}, "", server.port());
  EXPECT_TRUE(keepers);
  if (!keepers) return {};
  std::this_thread::sleep_for(time);
  return (*keepers)->fates().at(0);
}

TEST(TcpKeeper, AGoodConnectionLivesAndHardlyStalls) {
  const auto fate = keep_for(1s, [](int fd) { echo(fd, 0, [] {}); });

  EXPECT_FALSE(fate.broke) << *fate.broke;
  EXPECT_GE(fate.lines_echoed, 5U);
  EXPECT_LT(fate.longest_stall, 300ms);
}

TEST(TcpKeeper, AStallIsMeasuredFromTheLineThatWaitedLongest) {
  const auto fate =
      keep_for(1500ms, [](int fd) { echo(fd, 3, [] { std::this_thread::sleep_for(600ms); }); });

  EXPECT_FALSE(fate.broke) << *fate.broke;
  EXPECT_GE(fate.longest_stall, 590ms);
  EXPECT_LT(fate.longest_stall, 1200ms);
}

TEST(TcpKeeper, AClosedConnectionIsReportedAsBroken) {
  const auto fate = keep_for(500ms, [](int fd) {
    std::array<char, 1024> buffer{};
    ::recv(fd, buffer.data(), buffer.size(), 0);
  });

  EXPECT_EQ(fate.broke, "closed by the guest");
}

TEST(TcpKeeper, AResetConnectionIsReportedAsBroken) {
  const auto fate = keep_for(3s, [](int fd) {
    char line = 0;
    ::recv(fd, &line, 1, 0);  // only a connection in use can be reset under its user
    const linger reset{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  });

  EXPECT_EQ(fate.broke, "Connection reset by peer");
}

TEST(TcpKeeper, AWrongEchoIsReportedAsBroken) {
  const auto fate = keep_for(500ms, [](int fd) {
    ::send(fd, "something else\n", 15, MSG_NOSIGNAL);
    std::this_thread::sleep_for(600ms);
  });

  EXPECT_EQ(fate.broke, "the echo is not what was said");
}

TEST(TcpKeeper, NamesTheGuestThatDoesNotAnswer) {
  std::uint16_t free_port = 0;
  {
    free_port = TestServer([](int) {}).port();
  }

  const auto keepers = TcpKeepers::start({{"x3", "127.0.0.1"}}, "", free_port);

  ASSERT_FALSE(keepers);
  EXPECT_TRUE(keepers.error().text.starts_with("x3: cannot connect to 127.0.0.1 port"))
      << keepers.error().text;
}

}  // namespace
}  // namespace upbeat::measure
