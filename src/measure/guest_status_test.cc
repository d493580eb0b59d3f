// SPDX-License-Identifier: Apache-2.0
// The guest's line is read whole, and what is no such line is refused.
#include "measure/guest_status.h"

#include <gtest/gtest.h>

#include <thread>

#include "measure/tcp_test_server.h"

namespace upbeat::measure {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view line =
    R"({"vm":"x0","boot_id":"6f1c","uptime_s":12.5,"memory_checks":100,"memory_errors":1,)"
    R"("disk_writes":7,"disk_errors":0})";

TEST(GuestStatus, ReadsTheLineThatArrivesInPieces) {
  const TestServer server([](int fd) {
    const std::string text = std::string(line) + "\n";
    ::send(fd, text.data(), 20, MSG_NOSIGNAL);
    std::this_thread::sleep_for(50ms);
    ::send(fd, text.data() + 20, text.size() - 20, MSG_NOSIGNAL);
  });

  const auto status = read_guest_status("", "127.0.0.1", 5s, server.port());

  ASSERT_TRUE(status) << status.error().text;
  EXPECT_EQ(*status, (GuestStatus{"x0", "6f1c", 12.5, 100, 1, 7, 0}));
}

TEST(GuestStatus, AGuestThatSaysNothingIsGivenUpOnTime) {
  const TestServer server([](int) { std::this_thread::sleep_for(400ms); });

  const auto status = read_guest_status("", "127.0.0.1", 100ms, server.port());

  ASSERT_FALSE(status);
  EXPECT_NE(status.error().text.find("said nothing within 100 ms"), std::string::npos);
}

TEST(GuestStatus, WhatIsNoStatusIsRefused) {
  EXPECT_FALSE(parse_guest_status(""));
  EXPECT_FALSE(parse_guest_status("[]"));
  EXPECT_FALSE(parse_guest_status(R"({"vm":"x0"})"));
  EXPECT_FALSE(parse_guest_status(R"({"vm":"x0","boot_id":"a","uptime_s":1,"memory_checks":-1,)"
                                  R"("memory_errors":0,"disk_writes":0,"disk_errors":0})"));
}

}  // namespace
}  // namespace upbeat::measure
