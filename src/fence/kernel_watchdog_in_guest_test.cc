// SPDX-License-Identifier: Apache-2.0
// What Linux's watchdogs are like beyond the contract: no way out, no such device, somebody else's.
#include <gtest/gtest.h>

#include "fence/test/watchdog_guest.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

constexpr const char* class_folder = "/sys/class/watchdog/watchdog0/";

class KernelWatchdogInAGuest : public testing::Test {
 protected:
  static void SetUpTestSuite() { guest = std::make_unique<WatchdogGuest>(); }
  static void TearDownTestSuite() { guest.reset(); }
  void SetUp() override {
    if (guest->was_reset()) guest = std::make_unique<WatchdogGuest>();
  }

  static std::string complaint(const std::string& command) {
    const auto done = guest->ask(command);
    return done ? "" : done.error().text;
  }
  static std::string fact(const char* file) {
    return guest->tell(std::string("read ") + class_folder + file);
  }
  static void expect_up_after(std::chrono::milliseconds time) {
    guest->pass(time);
    ASSERT_FALSE(guest->was_reset());
  }

  static std::unique_ptr<WatchdogGuest> guest;
};

std::unique_ptr<WatchdogGuest> KernelWatchdogInAGuest::guest;

TEST_F(KernelWatchdogInAGuest, SaysThatThereIsNoneAndHowToGetOne) {
  guest->tell("start");

  EXPECT_TRUE(complaint("arm 20000")
                  .starts_with("cannot arm the watchdog /dev/watchdog: there is no such watchdog "
                               "on this host; load its driver (`modprobe softdog`"));
  guest->tell("disarm");
  guest->tell("kill");
}

TEST_F(KernelWatchdogInAGuest, DoesNotTakeAnotherDeviceForAWatchdog) {
  for (const std::string device : {"/dev/null", "/init"}) {
    guest->tell("start " + device);

    EXPECT_EQ(complaint("arm 20000"),
              "cannot arm the watchdog " + device +
                  ": it is no watchdog; correct device in [watchdog] of upbeat.toml");
    guest->tell("kill");
  }
}

TEST_F(KernelWatchdogInAGuest, LeavesOneThatAnotherProgramHoldsToIt) {
  guest->tell("load softdog soft_margin=60");
  guest->tell("open /dev/watchdog0");
  guest->tell("start");

  EXPECT_TRUE(complaint("arm 20000").contains("another program holds it; set RuntimeWatchdogSec"));
  EXPECT_EQ(fact("timeout"), "60");
  EXPECT_EQ(fact("state"), "active");

  guest->tell("kill");
  // The other program gave it up without disarming it: now it is the daemon's.
  guest->tell("close");
  guest->tell("start");
  guest->tell("arm 20000");
  guest->tell("disarm");
  guest->tell("kill");
  guest->tell("unload softdog");
}

TEST_F(KernelWatchdogInAGuest, TellsTheDeviceHalfOfTheTimeByWhicheverNameItIsKnown) {
  guest->tell("load softdog soft_margin=60");
  for (const std::string device : {"/dev/watchdog", "/dev/watchdog0"}) {
    guest->tell("start " + device);
    guest->tell("arm 25900");

    EXPECT_EQ(fact("timeout"), "12");
    EXPECT_EQ(fact("state"), "active");

    guest->tell("disarm");
    EXPECT_EQ(fact("state"), "inactive");
    guest->tell("kill");
  }
  guest->tell("unload softdog");
}

TEST_F(KernelWatchdogInAGuest, TurnsOffThePretimeoutThatAnotherProgramHasLeft) {
  guest->tell("load softdog soft_margin=60");
  guest->tell("open /dev/watchdog 3");
  guest->tell("close");
  ASSERT_EQ(fact("pretimeout"), "3");
  guest->tell("start");

  guest->tell("arm 20000");

  EXPECT_EQ(fact("pretimeout"), "0");
  guest->tell("disarm");
  guest->tell("kill");
  guest->tell("unload softdog");
}

TEST_F(KernelWatchdogInAGuest, DoesNotEvenOpenOneThatCannotKeepTheTime) {
  guest->tell("load softdog");
  guest->tell("start");

  EXPECT_EQ(complaint("arm 131072000"),
            "cannot arm the watchdog /dev/watchdog: it can count 65535 s at most; set timeout_s "
            "to 131070 or less");
  EXPECT_TRUE(complaint("arm 9999").contains("9999 ms is too short"));
  EXPECT_EQ(fact("state"), "inactive");

  guest->tell("kill");
  guest->tell("unload softdog");
}

TEST_F(KernelWatchdogInAGuest, DisarmsOneThatRefusesTheTimeOnceItIsOpen) {
  guest->tell("load softdog soft_margin=10");
  guest->tell("start /dev/watchdog /nowhere");

  EXPECT_EQ(complaint("arm 131072000"),
            "cannot arm the watchdog /dev/watchdog: its driver does not take 65536 s (Invalid "
            "argument); change timeout_s");
  EXPECT_EQ(fact("state"), "inactive");
  guest->tell("kill");
  expect_up_after(40s);

  guest->tell("unload softdog");
}

TEST_F(KernelWatchdogInAGuest, DisarmsWhatAnEarlierDaemonLeftArmedWhenItCannotBeUsed) {
  guest->tell("load softdog");
  guest->tell("start");
  guest->tell("arm 20000");
  guest->tell("kill");
  ASSERT_EQ(fact("state"), "active");
  guest->tell("start");

  EXPECT_TRUE(complaint("arm 131072000").contains("65535 s at most"));

  expect_up_after(40s);
  guest->tell("kill");
  guest->tell("unload softdog");
}

TEST_F(KernelWatchdogInAGuest, KeepsTheFormerTimeWhenANewOneIsRefused) {
  guest->tell("load softdog");
  guest->tell("start /dev/watchdog /nowhere");
  guest->tell("arm 20000");

  EXPECT_NE(complaint("arm 131072000"), "");
  EXPECT_EQ(fact("timeout"), "10");
  EXPECT_EQ(fact("state"), "active");
  guest->tell("feed");

  guest->tell("disarm");
  guest->tell("kill");
  guest->tell("unload softdog");
}

TEST_F(KernelWatchdogInAGuest, FeedsOneThatItRefusesAndCannotDisarmAndUsesItWhenItCan) {
  guest->tell("load softdog soft_margin=10 nowayout=1");
  guest->tell("start /dev/watchdog /nowhere");
  EXPECT_TRUE(complaint("arm 131072000")
                  .contains("it cannot be disarmed (it is armed still: its driver knows no way "
                            "back (nowayout)), so that upbeatd feeds it as long as it runs"));
  EXPECT_TRUE(complaint("feed").contains("it is not armed"));
  expect_up_after(30s);

  guest->tell("arm 20000");
  EXPECT_EQ(complaint("disarm"),
            "cannot disarm the watchdog /dev/watchdog: it is armed still: its driver knows no way "
            "back (nowayout)");
  expect_up_after(9s);
  guest->tell("feed");
  expect_up_after(9s);

  guest->pass(2s);
  EXPECT_TRUE(guest->was_reset()) << "once it is armed, only feed() feeds it";
}

}  // namespace
}  // namespace upbeat
