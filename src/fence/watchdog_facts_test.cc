// SPDX-License-Identifier: Apache-2.0
// Which watchdogs are trusted, and what is said of the others.
#include "fence/watchdog_facts.h"

#include <gtest/gtest.h>
#include <linux/watchdog.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

namespace upbeat {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t softdog_options = WDIOF_SETTIMEOUT | WDIOF_KEEPALIVEPING | WDIOF_MAGICCLOSE;

std::string why_not(const WatchdogFacts& facts, std::chrono::seconds wanted = 10s) {
  const auto good = usable(facts, wanted);
  return good ? "" : good.error().text;
}

std::string why_not_enough(const WatchdogSetting& setting) {
  const auto good = good_enough(setting, 10s);
  return good ? "" : good.error().text;
}

/// A sysfs that knows the watchdog of number 1:3, which is /dev/null's.
class WatchdogSysfs : public testing::Test {
 public:
  WatchdogSysfs() {
    std::string name = (std::filesystem::temp_directory_path() / "upbeat-sysfs-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    std::filesystem::create_directories(root_ / "dev/char/1:3");
  }
  ~WatchdogSysfs() override { std::filesystem::remove_all(root_); }

 protected:
  void write(const std::string& file, const std::string& text) const {
    std::ofstream(root_ / "dev/char/1:3" / file) << text << "\n";
  }
  [[nodiscard]] WatchdogFacts look(const std::string& device = "/dev/null") const {
    return look_at_watchdog({.device = device, .sysfs = root_.string()});
  }

 private:
  std::filesystem::path root_;
};

TEST_F(WatchdogSysfs, TellsWhatTheKernelWrites) {
  write("state", "active");
  write("timeout", "60");
  write("min_timeout", "1");
  write("max_timeout", "65535");
  write("nowayout", "1");
  write("options", "0x8180");

  const auto facts = look();

  EXPECT_TRUE(facts.armed);
  EXPECT_EQ(facts.timeout, 60s);
  EXPECT_EQ(facts.min_timeout, 1s);
  EXPECT_EQ(facts.max_timeout, 65535s);
  EXPECT_EQ(facts.no_way_out, true);
  EXPECT_EQ(facts.options, softdog_options);
}

TEST_F(WatchdogSysfs, LeavesEmptyWhatIsNotThereOrIsNoNumber) {
  write("timeout", "");
  write("min_timeout", "-1");
  write("max_timeout", "99999999999");
  write("nowayout", "0x");

  for (const auto& facts : {look(), look("/nowhere"), look("/etc/hostname")}) {
    EXPECT_FALSE(facts.armed);
    EXPECT_EQ(facts.timeout, std::nullopt);
    EXPECT_EQ(facts.min_timeout, std::nullopt);
    EXPECT_EQ(facts.max_timeout, std::nullopt);
    EXPECT_EQ(facts.no_way_out, std::nullopt);
    EXPECT_EQ(facts.options, std::nullopt);
  }
}

TEST(WatchdogTime, IsHalfOfWhatIsPromisedInWholeSecondsRoundedDown) {
  EXPECT_EQ(device_timeout(20s), Result<std::chrono::seconds>(10s));
  EXPECT_EQ(device_timeout(10'000ms), Result<std::chrono::seconds>(5s));
  EXPECT_EQ(device_timeout(13'999ms), Result<std::chrono::seconds>(6s));
}

TEST(WatchdogTime, IsRefusedWhenAHostThatIsWellCouldNotKeepIt) {
  ASSERT_FALSE(device_timeout(9'999ms));
  EXPECT_EQ(device_timeout(9'999ms).error().text,
            "a time of 9999 ms is too short for a host that is well to feed it always; give it "
            "10 s or more");
}

TEST(WatchdogDriver, IsTrustedWhenNothingSpeaksAgainstIt) {
  EXPECT_EQ(why_not({}), "");
  EXPECT_EQ(why_not({.options = softdog_options}), "");
  EXPECT_EQ(why_not({.options = softdog_options,
                     .no_way_out = true,
                     .timeout = 60s,
                     .min_timeout = 10s,
                     .max_timeout = 10s}),
            "");
}

TEST(WatchdogDriver, IsRefusedWhenItOnlyRaisesAnAlarm) {
  EXPECT_TRUE(why_not({.options = softdog_options | WDIOF_ALARMONLY}).contains("resets nothing"));
}

TEST(WatchdogDriver, IsRefusedWhenTheDaemonsEndWouldStopIt) {
  WatchdogFacts facts{.options = WDIOF_SETTIMEOUT};
  EXPECT_TRUE(why_not(facts).contains("stops when upbeatd ends"));
  facts.no_way_out = false;
  EXPECT_TRUE(why_not(facts).contains("nowayout=1"));
  facts.no_way_out = true;
  EXPECT_EQ(why_not(facts), "");
}

TEST(WatchdogDriver, IsRefusedWhenTheTimeIsOutOfItsBounds) {
  EXPECT_EQ(why_not({.max_timeout = 9s}), "it can count 9 s at most; set timeout_s to 18 or less");
  EXPECT_EQ(why_not({.min_timeout = 11s}), "it counts 11 s at least; set timeout_s to 22 or more");
  EXPECT_EQ(why_not({.max_timeout = 0s}), "") << "0 stands for no limit";
}

TEST(WatchdogDriver, ThatTakesNoTimeIsTrustedOnlyWithOneThatFits) {
  WatchdogFacts facts{.options = WDIOF_MAGICCLOSE, .max_timeout = 3s};
  EXPECT_TRUE(why_not(facts).contains("neither takes nor tells a time"));
  facts.timeout = 11s;
  EXPECT_EQ(why_not(facts),
            "its driver counts 11 s where 10 s are needed; set timeout_s to 22 or more, or the "
            "driver's own time to less");
  facts.timeout = 10s;
  EXPECT_EQ(why_not(facts), "");
  facts.timeout = 4s;
  EXPECT_TRUE(why_not(facts).contains("counts 4 s, too short"));
}

TEST(WatchdogDriver, ThatRoundsUpIsRefused) {
  EXPECT_EQ(why_not_enough({.timeout = 10s}), "");
  EXPECT_EQ(why_not_enough({.timeout = 9s}), "");
  EXPECT_TRUE(why_not_enough({.timeout = 11s}).contains("counts 11 s where 10 s"));
}

TEST(WatchdogDriver, ThatKeepsAPretimeoutIsTrustedAsLongAsItCanBeFed) {
  EXPECT_EQ(why_not_enough({.timeout = 10s, .pretimeout = 5s}), "");
  EXPECT_EQ(why_not_enough({.timeout = 10s, .pretimeout = 6s}),
            "its driver counts 10 s and may end it 6 s earlier, too short for a host that is well "
            "to feed it always; give it 5 s or more");
}

TEST(WatchdogDevice, MayBeAFileThatAProgramServesButNothingThatBlocksWhoOpensIt) {
  EXPECT_TRUE(may_be_watchdog(S_IFCHR | 0600));
  EXPECT_TRUE(may_be_watchdog(S_IFREG | 0600));
  for (const mode_t kind : {S_IFIFO, S_IFBLK, S_IFDIR, S_IFSOCK}) {
    EXPECT_FALSE(may_be_watchdog(kind | 0600)) << kind;
  }
}

TEST(WatchdogDevice, ThatCannotBeOpenedIsToldWithWhatToDo) {
  EXPECT_TRUE(why_not_opened(EBUSY).contains("RuntimeWatchdogSec=off"));
  for (const int number : {ENOENT, ENODEV, ENXIO}) {
    EXPECT_TRUE(why_not_opened(number).contains("modprobe softdog")) << number;
  }
  for (const int number : {EACCES, EPERM}) {
    EXPECT_TRUE(why_not_opened(number).contains("DeviceAllow=")) << number;
  }
  EXPECT_EQ(why_not_opened(ETXTBSY), no_watchdog);
  EXPECT_TRUE(why_not_opened(EIO).contains("Input/output error"));
}

}  // namespace
}  // namespace upbeat
