// SPDX-License-Identifier: Apache-2.0
// One contract for watchdogs, run against Linux's, the lab's and the twin.
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "fence/test/watchdog_world.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

constexpr auto timeout = 20'000ms;
constexpr auto feeding_interval = 1s;
/// A device counts in steps of its own, and never one too many: the chipset's has 1.2 s.
constexpr auto step = 1200ms;
/// How exactly a world knows when its host was reset.
constexpr auto slack = 100ms;

struct Kind {
  const char* name;
  MakeWatchdogWorld make;
};
void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

class WatchdogContract : public testing::TestWithParam<Kind> {
 protected:
  void arm(std::chrono::milliseconds time = timeout) {
    const auto armed = world_->arm(time);
    ASSERT_TRUE(armed) << armed.error().text;
    fed_at_ = world_->now();
  }
  void feed() {
    const auto fed = world_->feed();
    ASSERT_TRUE(fed) << fed.error().text;
    fed_at_ = world_->now();
  }
  void disarm() {
    const auto off = world_->disarm();
    ASSERT_TRUE(off) << off.error().text;
  }
  void expect_up_after(std::chrono::milliseconds time) {
    world_->pass(time);
    EXPECT_EQ(world_->reset_at(), std::nullopt) << "after " << time.count() << " ms";
  }
  /// The host is reset, and was last fed `timeout` before that, or half of it, or in between.
  void expect_reset() {
    world_->pass(2 * timeout);
    ASSERT_TRUE(world_->reset_at());
    const auto after = *world_->reset_at() - fed_at_;
    RecordProperty("reset_after_ms", static_cast<int>(after.count()));
    EXPECT_GE(after, timeout / 2 - step - slack) << after.count() << " ms";
    EXPECT_LE(after, timeout + slack) << after.count() << " ms";
  }

  std::unique_ptr<WatchdogWorld> world_ = GetParam().make();
  std::chrono::milliseconds fed_at_{0};
};

TEST_P(WatchdogContract, AHostThatIsFedIsNotReset) {
  arm();
  for (auto fed = 0ms; fed < 2 * timeout; fed += feeding_interval) {
    expect_up_after(feeding_interval);
    feed();
  }
}

TEST_P(WatchdogContract, AHostThatIsNotFedIsResetWithinTheTimeAndNotBeforeSomeHalfOfIt) {
  arm();

  expect_reset();
}

TEST_P(WatchdogContract, EachFeedGivesTheWholeTime) {
  arm();
  expect_up_after(timeout / 2 - step);
  feed();

  expect_reset();
}

TEST_P(WatchdogContract, AHostWhoseDaemonDiesUnfedIsResetNoLaterThanWithIt) {
  arm();
  expect_up_after(timeout / 2 - step);

  world_->kill_daemon();

  expect_reset();
}

TEST_P(WatchdogContract, AHostThatIsDisarmedIsNotReset) {
  arm();
  expect_up_after(feeding_interval);

  disarm();

  expect_up_after(3 * timeout);
}

TEST_P(WatchdogContract, ADaemonThatDiesAfterItHasDisarmedLeavesItSo) {
  arm();
  disarm();

  world_->kill_daemon();

  expect_up_after(3 * timeout);
}

TEST_P(WatchdogContract, ArmedAnewItHasTheLongerTime) {
  arm();
  arm(4 * timeout);

  expect_up_after(2 * timeout - step);
}

TEST_P(WatchdogContract, ArmedAnewItHasTheShorterTime) {
  arm(4 * timeout);
  arm();

  expect_reset();
}

TEST_P(WatchdogContract, DisarmedItCanBeArmedAgain) {
  arm();
  disarm();
  arm();

  for (auto fed = 0ms; fed < timeout; fed += feeding_interval) {
    expect_up_after(feeding_interval);
    feed();
  }
}

TEST_P(WatchdogContract, WhatIsNotArmedIsNeitherFedNorDoesItReset) {
  EXPECT_FALSE(world_->feed());
  arm();
  disarm();
  EXPECT_FALSE(world_->feed());

  expect_up_after(3 * timeout);
}

TEST_P(WatchdogContract, NothingToDisarmIsNoError) {
  disarm();
  arm();
  disarm();
  disarm();
}

std::string name_of(const testing::TestParamInfo<Kind>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Simulated, WatchdogContract,
                         testing::Values(Kind{"Twin", &make_simulated_watchdog_world}), name_of);
INSTANTIATE_TEST_SUITE_P(Lab, WatchdogContract,
                         testing::Values(Kind{"Fuse", &make_lab_watchdog_world}), name_of);
INSTANTIATE_TEST_SUITE_P(Linux, WatchdogContract,
                         testing::Values(Kind{"Softdog", &make_softdog_world},
                                         Kind{"Chipset", &make_chipset_watchdog_world}),
                         name_of);

}  // namespace
}  // namespace upbeat
