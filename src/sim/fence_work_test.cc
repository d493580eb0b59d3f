// SPDX-License-Identifier: Apache-2.0
// Nobody is shot by a decision that only this node may have heard of.
#include "node/fence_work.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>

#include "clock/simulated_clock.h"
#include "fence/simulated_fencer.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

class FenceWorkTest : public testing::Test {
 protected:
  FenceWorkTest() { strip.plug_in("node2"); }
  /// The order: what is said comes back after `delay`, until nothing does any more.
  void send() {
    ++signs;
    const SignOfLife sign{.sent = clock.now(), .whole_after = newest_back};
    if (held_by_one_token && newest_back) return;
    under_way.push_back(clock.after(delay, [this, sign] {
      newest_back = sign.sent;
      work.on_sign_back(sign);
    }));
  }
  /// What the node's loop does at each change.
  void look() {
    work.keep_only(duties);
    for (const auto& duty : duties) work.prove_off(std::get<ProveOff>(duty), "node2");
  }
  [[nodiscard]] PowerState power() const { return strip.state("node2"); }

  SimulatedClock clock;
  SimulatedPowerStrip strip;
  SimulatedFencer fencer{clock, strip};
  std::vector<Duty> duties{ProveOff{.node = NodeId(2), .since = EventIndex(7)}};
  std::chrono::milliseconds delay{1};
  bool held_by_one_token = false;
  std::optional<MonotonicTime> newest_back;
  int signs = 0;
  int told = 0;
  std::deque<Timer> under_way;
  FenceWork work{fencer,
                 clock,
                 {.give_sign = [this] { send(); },
                  .changed = [this] { under_way.push_back(clock.after(0ms, [this] { look(); })); },
                  .tell =
                      [this](const ProveOff& duty, const Result<PowerAnswer>& answer) {
                        EXPECT_EQ(duty, std::get<ProveOff>(duties.front()));
                        told += answer && *answer == PowerState::off ? 1 : 0;
                      }}};
};

TEST_F(FenceWorkTest, BeginsOnceTheRingWasWholeAfterTheDecision) {
  look();
  EXPECT_EQ(power(), PowerState::on);
  EXPECT_EQ(signs, 1);

  clock.advance(1s);
  look();
  clock.advance(1min);

  EXPECT_EQ(power(), PowerState::off);
  EXPECT_EQ(signs, 2) << "one, and one that follows it";
  EXPECT_EQ(told, 1) << "once, however often it is looked at";
}

TEST_F(FenceWorkTest, DoesNotBeginIfASignComesBackAndNoneThatFollowsIt) {
  held_by_one_token = true;
  look();
  clock.advance(1min);

  EXPECT_EQ(power(), PowerState::on);
  EXPECT_EQ(signs, 2);
}

TEST_F(FenceWorkTest, AsksAgainWhereSignsWereSlowAndBeginsWhenTheyAreNot) {
  delay = fence_sign_lateness / 2 + 1ms;
  look();
  clock.advance(1min);
  EXPECT_EQ(power(), PowerState::on);

  delay = fence_sign_lateness / 2 - 1ms;
  clock.advance(1min);
  EXPECT_EQ(power(), PowerState::off);
}

TEST_F(FenceWorkTest, DoesNotBeginWhatIsNoDutyAnyMore) {
  look();
  const auto duty = std::exchange(duties, {});
  look();
  clock.advance(1min);
  EXPECT_EQ(power(), PowerState::on);

  duties = duty;
  look();
  clock.advance(1min);
  EXPECT_EQ(power(), PowerState::off) << "the sign that had been under way is not waited for";
}

TEST_F(FenceWorkTest, ForgetsWhatWaitsWhenTheNodeIsOutOfStepAndBeginsAnewAfterwards) {
  look();
  under_way.clear();
  work.on_out_of_step();
  clock.advance(1min);
  EXPECT_EQ(power(), PowerState::on);

  look();
  clock.advance(1min);
  EXPECT_EQ(power(), PowerState::off);
}

}  // namespace
}  // namespace upbeat
