// SPDX-License-Identifier: Apache-2.0
// A host's watchdog is fed while its node has a part in the order, and not a moment longer.
#include "node/self_fence.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>

#include "clock/simulated_clock.h"
#include "fence/simulated_watchdog.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

class SelfFenceTest : public testing::Test {
 protected:
  void begin() {
    fence.emplace(&watchdog, clock, 10s,
                  SelfFence::Hooks{.has_part = [this] { return has_part; },
                                   .give_sign = [this](auto back) { send(std::move(back)); },
                                   .is_known = [this](auto span) { return known == span; },
                                   .announce =
                                       [this](auto span) {
                                         EXPECT_TRUE(watchdog.armed())
                                             << "a promise before the deed";
                                         known = span;
                                         ++announced;
                                       },
                                   .take_back =
                                       [this](auto done) {
                                         EXPECT_TRUE(watchdog.armed()) << "disarmed too early";
                                         taken_back = std::move(done);
                                       },
                                   .trouble = [this](const auto& text) { trouble = text; },
                                   .is_fit = [this] { return fit; }});
    fence->begin();
  }
  /// The order: what is sent comes back after `delay`, or never.
  void send(std::function<void(const SignOfLife&)> back) {
    const SignOfLife sign{.sent = clock.now(), .whole_after = newest_back};
    if (!order_works || (alone_since && newest_back >= alone_since)) return;
    ++signs;
    const bool after_a_pause = sign.sent - last_back > 100ms;
    under_way.push_back(
        clock.after(holds_up && after_a_pause ? *holds_up : delay, [this, back, sign] {
          last_back = clock.now();
          newest_back = sign.sent;
          back(sign);
        }));
    // Others give signs through the same node, and each tells this one, too.
    if (holds_up) under_way.push_back(clock.after(*holds_up + 10ms, [back, sign] { back(sign); }));
  }

  SimulatedClock clock;
  int resets = 0;
  SimulatedWatchdog watchdog{clock, [this] { ++resets; }};
  bool has_part = true;
  bool order_works = true;
  std::chrono::milliseconds delay{1};
  std::optional<std::chrono::milliseconds> holds_up;  ///< what goes after a pause
  MonotonicTime last_back{};
  std::optional<MonotonicTime> newest_back;  ///< when it was sent
  std::optional<MonotonicTime>
      alone_since;  ///< what follows on a sign of after that is not ordered
  int signs = 0;
  std::deque<Timer> under_way;
  std::chrono::milliseconds known{0};
  int announced = 0;
  std::function<void(Result<void>)> taken_back;
  std::string trouble;
  Result<void> fit;
  std::optional<SelfFence> fence;
};

TEST_F(SelfFenceTest, ArmsAndAnnouncesOnceThenFeeds) {
  begin();
  clock.advance(10min);

  EXPECT_EQ(resets, 0);
  EXPECT_TRUE(watchdog.armed());
  EXPECT_EQ(announced, 1);
}

TEST_F(SelfFenceTest, ArmsNothingBeforeTheNodeHasAPart) {
  has_part = false;
  begin();
  clock.advance(10min);

  EXPECT_FALSE(watchdog.armed());
  EXPECT_EQ(announced, 0);
}

TEST_F(SelfFenceTest, IsResetWithinTheTimeoutOnceTheNodeHasNoPart) {
  begin();
  clock.advance(1min);
  has_part = false;

  clock.advance(10s);

  EXPECT_EQ(resets, 1);
}

TEST_F(SelfFenceTest, IsResetWhenTheOrderIsSilentThoughNobodySaidSo) {
  begin();
  clock.advance(1min);
  order_works = false;

  clock.advance(10s + sign_interval);

  EXPECT_EQ(resets, 1);
}

TEST_F(SelfFenceTest, DoesNotFeedOnASignThatCameBackTooLate) {
  begin();
  clock.advance(1min);
  delay = sign_lateness + 1ms;

  clock.advance(10s + sign_interval + delay);

  EXPECT_EQ(resets, 1);
}

TEST_F(SelfFenceTest, IsResetWhenASignComesBackAndNoneThatFollowsIt) {
  begin();
  clock.advance(1min + 500ms);
  alone_since = clock.now();
  signs = 0;

  clock.advance(9'600ms);

  EXPECT_EQ(signs, 1);
  EXPECT_EQ(resets, 1) << "what came back to this node alone has fed it";
}

TEST_F(SelfFenceTest, DoesNotFeedOnTwoSignsThatTookTooLongTogether) {
  begin();
  clock.advance(1min);
  delay = sign_lateness / 2 + 1ms;

  clock.advance(10s + sign_interval + 2 * delay);

  EXPECT_EQ(resets, 1);
}

TEST_F(SelfFenceTest, SendsAnotherSignAtOnceAfterOneThatCameBackTooLate) {
  begin();
  clock.advance(1min);
  holds_up = sign_lateness + 1ms;

  clock.advance(1min);

  EXPECT_EQ(resets, 0);
}

TEST_F(SelfFenceTest, DoesNotSendMoreAndMoreSignsWhileAllAreLate) {
  begin();
  clock.advance(1min);
  holds_up = sign_lateness + 1ms;
  delay = sign_lateness + 1ms;
  signs = 0;

  clock.advance(9s);

  EXPECT_LE(signs, 2 * 9);
}

TEST_F(SelfFenceTest, AnnouncesAgainWhatWasForgotten) {
  begin();
  clock.advance(1min);
  known = 0ms;
  clock.advance(2s);

  EXPECT_EQ(announced, 2);
}

TEST_F(SelfFenceTest, PromisesNothingOfAWatchdogThatRefuses) {
  watchdog.refuse("the driver wants 60 s at least");
  begin();
  clock.advance(1min);
  EXPECT_EQ(announced, 0);
  EXPECT_EQ(trouble, "cannot arm the watchdog: the driver wants 60 s at least");

  watchdog.refuse("");
  clock.advance(2s);

  EXPECT_EQ(announced, 1);
  EXPECT_EQ(trouble, "");
}

TEST_F(SelfFenceTest, NeitherArmsNorPromisesAWatchdogThatIsNotFitAndSaysWhy) {
  fit = fail("it would do harm");
  begin();
  clock.advance(1min);
  EXPECT_FALSE(watchdog.armed());
  EXPECT_EQ(announced, 0);
  EXPECT_EQ(trouble, "it would do harm");

  fit = {};
  clock.advance(2s);
  EXPECT_TRUE(watchdog.armed());
  EXPECT_EQ(trouble, "");
}

TEST_F(SelfFenceTest, DisarmsAWatchdogThatIsNoLongerFitOnceAllKnowAndArmsItAgain) {
  begin();
  clock.advance(1min);
  fit = fail("it would do harm");
  clock.advance(1min);
  EXPECT_TRUE(watchdog.armed()) << "somebody may still count on it";
  EXPECT_EQ(resets, 0);
  EXPECT_EQ(trouble, "it would do harm");

  known = 0ms;
  fit = {};
  clock.advance(2s);
  EXPECT_EQ(announced, 1) << "a promise of a watchdog that is about to be disarmed";
  fit = fail("it would do harm");
  taken_back({});
  EXPECT_FALSE(watchdog.armed());

  fit = {};
  clock.advance(2s);
  EXPECT_TRUE(watchdog.armed());
  EXPECT_EQ(announced, 2);
}

TEST_F(SelfFenceTest, FeedsAtOnceWhenTheNodeHasItsPartAgain) {
  begin();
  clock.advance(1min + 10ms);
  has_part = false;
  fence->look();
  clock.advance(9'480ms);
  has_part = true;
  delay = 100ms;

  fence->look();

  clock.advance(1s);
  EXPECT_EQ(resets, 0) << "the next sign would have been too late";
}

TEST_F(SelfFenceTest, DisarmsWhenTheEmptyHostGoesDown) {
  begin();
  clock.advance(1min);

  fence->stand_down();
  clock.advance(1min);
  EXPECT_EQ(resets, 0);
  EXPECT_FALSE(watchdog.armed());

  fence->stand_up();
  clock.advance(2s);
  EXPECT_TRUE(watchdog.armed());
}

TEST_F(SelfFenceTest, OfADaemonThatEndsIsDisarmedOnceAllKnow) {
  begin();
  clock.advance(1min);
  std::optional<Result<void>> ended;
  fence->retire([&](const Result<void>& how) { ended = how; });
  clock.advance(4s);
  ASSERT_FALSE(ended) << "somebody may still count on it";
  EXPECT_TRUE(watchdog.armed());

  known = 0ms;
  taken_back({});
  clock.advance(1min);

  ASSERT_TRUE(ended);
  EXPECT_TRUE(*ended);
  EXPECT_FALSE(watchdog.armed());
  EXPECT_EQ(resets, 0);
  EXPECT_EQ(announced, 1) << "it was announced anew";
}

TEST_F(SelfFenceTest, OfADaemonThatEndsStaysArmedIfTheOthersDoNotKnow) {
  begin();
  clock.advance(1min);
  has_part = false;
  std::optional<Result<void>> ended;
  fence->retire([&](const Result<void>& how) { ended = how; });

  clock.advance(retire_patience);
  ASSERT_TRUE(ended);
  ASSERT_FALSE(*ended);
  EXPECT_EQ(
      ended->error().text,
      "cannot disarm the watchdog: the cluster did not take the promise of it back within 5 s;"
      " this host is reset within 10 s unless upbeatd runs again before: "
      "systemctl start upbeatd");
  EXPECT_TRUE(watchdog.armed());
  ended.reset();
  taken_back({});
  EXPECT_FALSE(ended) << "told twice";
  clock.advance(10s);
  EXPECT_EQ(resets, 1);
}

TEST_F(SelfFenceTest, OfADaemonThatEndsBeforeItWasArmedEndsAtOnce) {
  has_part = false;
  begin();
  bool ended = false;
  fence->retire([&](const Result<void>& how) { ended = how.has_value(); });
  EXPECT_TRUE(ended);

  has_part = true;
  clock.advance(1min);
  EXPECT_FALSE(watchdog.armed());
}

TEST_F(SelfFenceTest, LetsTheWatchdogResetAHostThatIsToBeReset) {
  bool survived = false;
  begin();
  clock.advance(3s);
  ASSERT_TRUE(fence->armed());

  fence->starve([&] { survived = true; });
  clock.advance(10s);

  EXPECT_EQ(resets, 1);
  EXPECT_FALSE(survived) << "told before its time and its margin are over";
}

TEST_F(SelfFenceTest, TellsOfAWatchdogThatDoesNothingAndFeedsItAgain) {
  int survived = 0;
  begin();
  clock.advance(3s);
  fence->starve([&] { ++survived; });
  for (int second = 0; second < 13; ++second) {
    // Somebody else feeds it.
    ASSERT_TRUE(watchdog.feed());
    clock.advance(1s);
  }
  EXPECT_EQ(survived, 1);

  clock.advance(30s);
  EXPECT_EQ(resets, 0);
}

TEST_F(SelfFenceTest, FeedsAgainWhereTheDaemonEndsDuringADrill) {
  bool ended = false;
  begin();
  clock.advance(3s);
  fence->starve([] { FAIL() << "it was told to end"; });
  clock.advance(5s);

  fence->retire([&](const Result<void>& off) { ended = off.has_value(); });
  clock.advance(4s);
  taken_back({});
  clock.advance(30s);

  EXPECT_TRUE(ended);
  EXPECT_EQ(resets, 0);
}

TEST_F(SelfFenceTest, TellsEverybodyWhoWantsItToEndThatItHas) {
  int told = 0;
  begin();
  clock.advance(3s);

  fence->retire([&](const Result<void>& off) { told += off ? 1 : 0; });
  fence->retire([&](const Result<void>& off) { told += off ? 1 : 0; });
  taken_back({});
  fence->retire([&](const Result<void>& off) { told += off ? 1 : 0; });

  EXPECT_EQ(told, 3);
}

}  // namespace
}  // namespace upbeat
