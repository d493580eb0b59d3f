// SPDX-License-Identifier: Apache-2.0
// A watchdog that would take healthy hosts along with a dead one is known beforehand.
#include "node/watchdog_fit.h"

#include <gtest/gtest.h>

namespace upbeat {
namespace {

using namespace std::chrono_literals;

std::string complaint(std::chrono::milliseconds timeout, const RingTiming& ring) {
  const auto fit = leaves_time_for_a_ring(timeout, ring);
  return fit ? "" : fit.error().text;
}

TEST(WatchdogFit, TenSecondsDoForATokenOfOneSecond) {
  EXPECT_EQ(complaint(10s, {.token = 1000ms, .consensus = 1200ms}), "");
}

TEST(WatchdogFit, ThirtySecondsDoForCorosyncsDefaultsWithSixHosts) {
  EXPECT_EQ(complaint(30s, {.token = 5600ms, .consensus = 6720ms}), "");
  EXPECT_NE(complaint(30s, {.token = 6250ms, .consensus = 7500ms}), "");
}

TEST(WatchdogFit, SaysWhichNumbersDoNotFitAndWhatToSet) {
  EXPECT_EQ(
      complaint(10s, {.token = 4650ms, .consensus = 5580ms}),
      "cannot use the watchdog: it may reset this host 5 s after it was fed, but when another "
      "host dies nobody is fed for up to 12230 ms (Corosync's token of 4650 ms, its consensus "
      "timeout of 5580 ms, and 2000 ms); set timeout_s in [watchdog] of upbeat.toml to 26 or "
      "more, or token in corosync.conf to less");
  EXPECT_EQ(complaint(26s, {.token = 4650ms, .consensus = 5580ms}), "");
}

TEST(WatchdogFit, HasToBeLongerThanWhatIsNeeded) {
  EXPECT_NE(complaint(12s, {.token = 2000ms, .consensus = 2000ms}), "");
  EXPECT_EQ(complaint(12s, {.token = 2000ms, .consensus = 1999ms}), "");
  EXPECT_NE(complaint(13'999ms, {.token = 2000ms, .consensus = 2000ms}), "")
      << "a device is told whole seconds";
}

}  // namespace
}  // namespace upbeat
