// SPDX-License-Identifier: Apache-2.0
// A host that is told to go from two sides, and one whose daemon alone is stopped.
#include "daemon/shutdown_gate.h"

#include <gtest/gtest.h>

#include "clock/simulated_clock.h"
#include "shutdown/simulated_shutdown.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

/// A host with two sources: its own shutdowns, held back for ten minutes, and a UPS that has five.
class TwoSources : public testing::Test, public ShutdownListener {
 protected:
  void SetUp() override {
    gate_.on_exit([this] { ++exits_; });
    gate_.on_stop([this] { ++stops_; });
    ASSERT_TRUE(gate_.start(*this));
  }
  void on_shutdown(const ShutdownNotice& notice) override { told_.push_back(notice); }
  void on_shutdown_cancelled() override { ++cancelled_; }
  void turn() { clock_.advance(1ms); }

  SimulatedClock clock_;
  int host_went_ = 0;
  SimulatedMachine host_{clock_, 10min, [this] { ++host_went_; }};
  SimulatedMachine ups_{clock_, 5min, [] {}};
  SimulatedShutdown logind_source_{host_};
  SimulatedShutdown ups_source_{ups_};
  bool host_goes_ = false;
  ShutdownGate gate_{{&logind_source_, &ups_source_}, clock_, [this] { return host_goes_; }};
  std::vector<ShutdownNotice> told_;
  int cancelled_ = 0;
  int exits_ = 0;
  int stops_ = 0;
};

TEST_F(TwoSources, AreBothHeardAndTheLeastTimeCounts) {
  ups_.announce("on battery");
  turn();
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].budget, 5min);
  clock_.advance(1min);
  host_.announce("reboot");
  turn();
  ASSERT_EQ(told_.size(), 2U);
  EXPECT_EQ(told_[1].why, "reboot");
  EXPECT_LE(told_[1].budget, 4min) << "the battery lasts no longer";

  gate_.let_go();
  turn();
  EXPECT_EQ(host_went_, 1);
}

TEST_F(TwoSources, BothHaveToTakeItBack) {
  ups_.announce("on battery");
  host_.announce("reboot");
  turn();
  ups_.cancel();
  turn();
  EXPECT_EQ(cancelled_, 0);
  EXPECT_EQ(told_.back().why, "reboot");
  host_.cancel();
  turn();
  EXPECT_EQ(cancelled_, 1);
}

TEST_F(TwoSources, AHostThatShutsDownWhileItAilsGoesDownAndStillAilsWhenThatIsCancelled) {
  ups_.ail("its disk fails");
  turn();
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].going, Going::failing);
  EXPECT_FALSE(told_[0].budget);
  host_.announce("reboot");
  turn();
  EXPECT_EQ(told_.back().going, Going::down);
  host_.cancel();
  turn();
  EXPECT_EQ(told_.back().going, Going::failing);
  EXPECT_EQ(told_.back().why, "its disk fails");
  EXPECT_FALSE(told_.back().budget);
  EXPECT_EQ(cancelled_, 0);
}

/// A source that does not know yet.
struct Unsure final : ShutdownSource {
  Result<void> start(ShutdownListener& /*listener*/) override { return {}; }
  void let_go() override {}
  [[nodiscard]] bool undecided() const override { return unsure; }
  bool unsure = true;
};

TEST_F(TwoSources, AreDecidedWhenAllAre) {
  EXPECT_FALSE(gate_.undecided());
  Unsure unsure;
  const ShutdownGate gate({&logind_source_, &unsure}, clock_, [] { return false; });
  EXPECT_TRUE(gate.undecided());
  unsure.unsure = false;
  EXPECT_FALSE(gate.undecided());
}

TEST_F(TwoSources, AHostThatIsEmptyAlreadyIsToldAnewAndLetsGoAtOnce) {
  ups_.announce("on battery");
  turn();
  gate_.let_go();
  host_.announce("poweroff");
  turn();
  EXPECT_EQ(host_went_, 0) << "the node has the last word";
  EXPECT_EQ(told_.back().why, "poweroff");
  gate_.let_go();
  turn();
  EXPECT_EQ(host_went_, 1);
}

TEST_F(TwoSources, StoppingTheProgramAloneStopsIt) {
  gate_.asked_to_stop();
  EXPECT_EQ(stops_, 1);
  EXPECT_TRUE(told_.empty());
}

TEST_F(TwoSources, StoppingTheProgramWhileTheUpsIsOnBatteryStopsItToo) {
  ups_.announce("on battery");
  turn();
  gate_.asked_to_stop();
  EXPECT_EQ(stops_, 1);
}

TEST_F(TwoSources, AStopInAHostThatGoesDownUnannouncedEmptiesItFirst) {
  host_goes_ = true;
  gate_.asked_to_stop();
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(exits_ + stops_, 0);
  gate_.let_go();
  turn();
  EXPECT_EQ(exits_, 1);
}

TEST_F(TwoSources, AStopInTheMiddleOfAShutdownWaitsForTheNode) {
  host_.announce("reboot");
  turn();
  gate_.asked_to_stop();
  EXPECT_EQ(exits_ + stops_, 0);
  gate_.let_go();
  turn();
  EXPECT_EQ(exits_, 1);
  EXPECT_EQ(told_.size(), 1U);
}

TEST_F(TwoSources, AStopAfterTheNodeHasGoneEndsTheProgram) {
  host_.announce("reboot");
  turn();
  gate_.let_go();
  gate_.asked_to_stop();
  EXPECT_EQ(exits_, 1);
}

}  // namespace
}  // namespace upbeat
