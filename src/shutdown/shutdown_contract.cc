// SPDX-License-Identifier: Apache-2.0
// The contract of a shutdown source.
#include "shutdown/shutdown_contract.h"

#include <gtest/gtest.h>

namespace upbeat {
namespace {

struct Ear final : ShutdownListener {
  void on_shutdown(const ShutdownNotice& notice) override {
    ++told;
    last = notice;
  }
  void on_shutdown_cancelled() override { ++cancelled; }

  int told = 0;
  int cancelled = 0;
  ShutdownNotice last;
};

class ShutdownContract : public testing::Test {
 protected:
  std::unique_ptr<ShutdownSource> started(Ear& listener) {
    auto source = world_->make_source();
    const auto good = source->start(listener);
    EXPECT_TRUE(good) << good.error().text;
    return source;
  }
  void wait_for(const int& count, int value) {
    world_->run_until([&] { return count == value; });
  }

  std::unique_ptr<ShutdownWorld> world_ = make_shutdown_world();
  Ear ear_;
};

TEST_F(ShutdownContract, TellsOnceAndHoldsTheShutdownBack) {
  const auto source = started(ear_);

  world_->ask_for_reboot();
  wait_for(ear_.told, 1);
  world_->run_a_while();

  EXPECT_TRUE(world_->under_way());
  EXPECT_EQ(ear_.told, 1);
  EXPECT_EQ(ear_.cancelled, 0);
  EXPECT_FALSE(ear_.last.why.empty());
  ASSERT_TRUE(ear_.last.budget);
  EXPECT_GE(*ear_.last.budget, std::chrono::seconds(1));
}

TEST_F(ShutdownContract, LetsTheShutdownGoOn) {
  const auto source = started(ear_);
  world_->ask_for_reboot();
  wait_for(ear_.told, 1);

  source->let_go();
  world_->run_until([&] { return !world_->under_way(); });
}

TEST_F(ShutdownContract, TellsThatAShutdownCameToNothingAndHoldsTheNextOneBack) {
  const auto source = started(ear_);
  world_->ask_for_reboot();
  wait_for(ear_.told, 1);
  source->let_go();
  wait_for(ear_.cancelled, 1);

  world_->ask_for_reboot();
  wait_for(ear_.told, 2);
  world_->run_a_while();

  EXPECT_TRUE(world_->under_way());
  EXPECT_EQ(ear_.cancelled, 1);
}

TEST_F(ShutdownContract, HoldsNothingBackAnyMoreWhenTheSourceGoes) {
  auto source = started(ear_);
  world_->ask_for_reboot();
  wait_for(ear_.told, 1);

  source.reset();
  world_->run_until([&] { return !world_->under_way(); });

  EXPECT_EQ(ear_.told, 1);
}

TEST_F(ShutdownContract, TellsADaemonThatComesInTheMiddleWithoutPromisingItTime) {
  const auto first = started(ear_);
  world_->ask_for_reboot();
  wait_for(ear_.told, 1);
  Ear late_ear;

  const auto late = started(late_ear);
  wait_for(late_ear.told, 1);

  EXPECT_EQ(late_ear.last.budget, std::nullopt);
}

}  // namespace
}  // namespace upbeat
