// SPDX-License-Identifier: Apache-2.0
// The lab's watchdog keeps the protocol that programs know from Linux's.
#include "lab/watchdog_device.h"

#include <gtest/gtest.h>
#include <linux/watchdog.h>

#include <cerrno>
#include <cstring>

namespace upbeat::lab {
namespace {

using namespace std::chrono_literals;
using Due = std::optional<WatchdogDevice::Time>;

class WatchdogProtocol : public testing::Test {
 protected:
  /// Opened at 0 s, with a time of 10 s.
  void arm() {
    ASSERT_EQ(device.open(0ms), 0);
    ASSERT_EQ(device.ioctl(WDIOC_SETTIMEOUT, 10, 0ms).error, 0);
  }
  [[nodiscard]] int number(unsigned command) {
    const auto answer = device.ioctl(command, std::nullopt, 0ms);
    int value = -1;
    if (answer.out.size() == sizeof value) std::memcpy(&value, answer.out.data(), sizeof value);
    return value;
  }

  WatchdogDevice device;
};

TEST_F(WatchdogProtocol, IsNotArmedBeforeItIsOpened) { EXPECT_EQ(device.due(), Due()); }

TEST_F(WatchdogProtocol, OpeningArmsItWithAMinute) {
  EXPECT_EQ(device.open(5s), 0);

  EXPECT_EQ(device.due(), Due(65s));
  EXPECT_EQ(number(WDIOC_GETTIMEOUT), 60);
}

TEST_F(WatchdogProtocol, ASecondOpenerIsRefusedAndFeedsNothing) {
  arm();

  EXPECT_EQ(device.open(3s), EBUSY);
  EXPECT_EQ(device.due(), Due(10s));

  device.close(4s);
  EXPECT_EQ(device.open(5s), 0);
}

TEST_F(WatchdogProtocol, EachWriteAndEachKeepaliveFeeds) {
  arm();
  device.write("x", 2s);
  EXPECT_EQ(device.due(), Due(12s));

  EXPECT_EQ(device.ioctl(WDIOC_KEEPALIVE, std::nullopt, 4s).error, 0);
  EXPECT_EQ(device.due(), Due(14s));
}

TEST_F(WatchdogProtocol, ClosingWithoutTheMagicCharacterLeavesItArmedAndFeedsItOnceMore) {
  arm();

  device.close(9s);

  EXPECT_EQ(device.due(), Due(19s));
}

TEST_F(WatchdogProtocol, ClosingAfterTheMagicCharacterDisarmsIt) {
  arm();
  device.write("aVb", 1s);
  EXPECT_EQ(device.due(), Due(11s)) << "only the close disarms";

  device.close(2s);

  EXPECT_EQ(device.due(), Due());
}

TEST_F(WatchdogProtocol, AWriteAfterTheMagicCharacterTakesItBack) {
  arm();
  device.write("V", 1s);
  device.write("x", 2s);

  device.close(3s);

  EXPECT_EQ(device.due(), Due(13s));
}

TEST_F(WatchdogProtocol, TheMagicCharacterOfAnEarlierHolderCountsNoMore) {
  arm();
  device.write("V", 1s);
  device.close(2s);
  ASSERT_EQ(device.open(3s), 0);

  device.close(4s);

  EXPECT_EQ(device.due(), Due(14s));
}

TEST_F(WatchdogProtocol, TellsWhatItCan) {
  const auto answer = device.ioctl(WDIOC_GETSUPPORT, std::nullopt, 0ms);
  watchdog_info info{};
  ASSERT_EQ(answer.out.size(), sizeof info);
  std::memcpy(&info, answer.out.data(), sizeof info);

  EXPECT_EQ(info.options, WDIOF_SETTIMEOUT | WDIOF_KEEPALIVEPING | WDIOF_MAGICCLOSE);
  EXPECT_EQ(number(WDIOC_GETSTATUS), 0);
  EXPECT_EQ(number(WDIOC_GETBOOTSTATUS), 0);
  EXPECT_EQ(number(WDIOC_GETPRETIMEOUT), 0);
}

TEST_F(WatchdogProtocol, ANewTimeFeedsAndATimeOutOfBoundsChangesNothing) {
  arm();
  EXPECT_EQ(device.ioctl(WDIOC_SETTIMEOUT, 20, 1s).error, 0);
  EXPECT_EQ(device.due(), Due(21s));

  for (const int bad : {0, -1, 65536}) {
    EXPECT_EQ(device.ioctl(WDIOC_SETTIMEOUT, bad, 2s).error, EINVAL) << bad;
  }
  EXPECT_EQ(device.due(), Due(21s));
  EXPECT_EQ(number(WDIOC_GETTIMEOUT), 20);
}

TEST_F(WatchdogProtocol, CanBeStoppedAndStartedWhileItIsHeld) {
  arm();
  EXPECT_EQ(device.ioctl(WDIOC_SETOPTIONS, WDIOS_DISABLECARD, 1s).error, 0);
  EXPECT_EQ(device.due(), Due());
  device.write("x", 2s);
  EXPECT_EQ(device.ioctl(WDIOC_KEEPALIVE, std::nullopt, 3s).error, 0);
  EXPECT_EQ(device.due(), Due()) << "what is stopped is not fed";

  EXPECT_EQ(device.ioctl(WDIOC_SETOPTIONS, WDIOS_ENABLECARD, 4s).error, 0);
  EXPECT_EQ(device.due(), Due(14s));
  EXPECT_EQ(device.ioctl(WDIOC_SETOPTIONS, WDIOS_ENABLECARD, 5s).error, 0);
  EXPECT_EQ(device.due(), Due(14s)) << "starting what runs is no feed";
  device.close(6s);
  EXPECT_EQ(device.due(), Due(16s));
}

TEST_F(WatchdogProtocol, RefusesWhatItCannot) {
  arm();
  EXPECT_EQ(device.ioctl(WDIOC_SETPRETIMEOUT, 3, 0ms).error, EOPNOTSUPP);
  EXPECT_EQ(device.ioctl(WDIOC_GETTIMELEFT, std::nullopt, 0ms).error, EOPNOTSUPP);
  EXPECT_EQ(device.ioctl(WDIOC_SETOPTIONS, 0, 0ms).error, ENOTTY);
  EXPECT_EQ(device.ioctl(WDIOC_SETOPTIONS, std::nullopt, 0ms).error, EFAULT);
  EXPECT_EQ(device.ioctl(0x1234, 1, 0ms).error, ENOTTY);
}

}  // namespace
}  // namespace upbeat::lab
