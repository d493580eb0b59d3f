// SPDX-License-Identifier: Apache-2.0
// A machine without a system bus: one clear sentence, and the daemon can go on.
#include "shutdown/logind_shutdown.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/io_context.hpp>

namespace upbeat {
namespace {

struct Deaf final : ShutdownListener {
  void on_shutdown(const ShutdownNotice&) override {}
  void on_shutdown_cancelled() override {}
};

TEST(NoSystemBus, IsToldInOneSentence) {
  ::setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus", 1);
  boost::asio::io_context io;
  LogindShutdown source(io, [](const Error&) {});
  Deaf listener;

  const auto good = source.start(listener);
  source.let_go();
  io.run();
  ::unsetenv("DBUS_SYSTEM_BUS_ADDRESS");

  ASSERT_FALSE(good);
  EXPECT_EQ(good.error().text,
            "cannot hold shutdowns of this host back: there is no system bus (No such file or "
            "directory); see 'systemctl status systemd-logind dbus'; until then only the order of "
            "units keeps guests alive at a shutdown");
}

}  // namespace
}  // namespace upbeat
