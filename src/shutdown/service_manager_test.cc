// SPDX-License-Identifier: Apache-2.0
// What the service manager gets to hear, on a socket like systemd's.
#include "shutdown/service_manager.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "base/fd.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

class ServiceManager : public testing::Test {
 protected:
  ServiceManager() : socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    std::string name = (std::filesystem::temp_directory_path() / "upbeat-notify-XXXXXX").string();
    directory = ::mkdtemp(name.data());
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    (directory + "/socket").copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    ::setenv("NOTIFY_SOCKET", address.sun_path, 1);
  }
  ~ServiceManager() override {
    ::unsetenv("NOTIFY_SOCKET");
    std::filesystem::remove_all(directory);
  }
  [[nodiscard]] std::string heard() const {
    std::array<char, 1000> buffer{};
    const auto got = ::recv(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    return got < 0 ? "nothing" : std::string(buffer.data(), static_cast<std::size_t>(got));
  }

  std::string directory;
  Fd socket;
};

TEST_F(ServiceManager, HearsWhatTheDaemonSays) {
  notify_ready();
  EXPECT_EQ(heard(), "READY=1");
  notify_watchdog();
  EXPECT_EQ(heard(), "WATCHDOG=1");
  notify_stopping();
  EXPECT_EQ(heard(), "STOPPING=1");
  notify_extend_timeout(90s);
  EXPECT_EQ(heard(), "EXTEND_TIMEOUT_USEC=90000000");
}

TEST_F(ServiceManager, HearsAStatusOfOneLineAndNoOtherAssignment) {
  notify_status("draining\nREADY=1");

  EXPECT_EQ(heard(), "STATUS=draining READY=1");
}

TEST_F(ServiceManager, MayWantSignsOfLife) {
  EXPECT_EQ(watchdog_period(), std::nullopt);
  ::setenv("WATCHDOG_USEC", "20000000", 1);
  EXPECT_EQ(watchdog_period(), 20'000ms);
  ::unsetenv("WATCHDOG_USEC");
}

TEST(NoServiceManager, IsNoReasonToFail) {
  notify_ready();
  notify_status("alone");
}

}  // namespace
}  // namespace upbeat
