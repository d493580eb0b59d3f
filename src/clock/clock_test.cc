// SPDX-License-Identifier: Apache-2.0
// One contract for time and turns, run against the real loop and its twin.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <vector>

#include "clock/asio_clock.h"
#include "clock/simulated_clock.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

struct World {
  virtual ~World() = default;
  virtual Clock& clock() = 0;
  virtual void run_to_the_end() = 0;
};

struct RealWorld final : World {
  boost::asio::io_context io;
  AsioClock real{io};
  Clock& clock() override { return real; }
  void run_to_the_end() override { io.run(); }
};

struct SimulatedWorld final : World {
  SimulatedClock simulated;
  Clock& clock() override { return simulated; }
  void run_to_the_end() override {
    while (simulated.step()) {
    }
  }
};

template <class T>
class ClockContract : public testing::Test {
 protected:
  T world;
};

using Worlds = testing::Types<RealWorld, SimulatedWorld>;
TYPED_TEST_SUITE(ClockContract, Worlds);

TYPED_TEST(ClockContract, RunsCallsInTheOrderOfTheirTimes) {
  Clock& clock = this->world.clock();
  std::vector<int> ran;

  const auto late = clock.after(20ms, [&] { ran.push_back(2); });
  const auto early = clock.after(5ms, [&] { ran.push_back(1); });
  clock.post([&] { ran.push_back(0); });
  this->world.run_to_the_end();

  EXPECT_EQ(ran, (std::vector{0, 1, 2}));
}

TYPED_TEST(ClockContract, NeverRunsACallWhoseTimerIsGone) {
  Clock& clock = this->world.clock();
  bool ran = false;

  auto timer = clock.after(1ms, [&] { ran = true; });
  timer.cancel();
  this->world.run_to_the_end();

  EXPECT_FALSE(ran);
}

TYPED_TEST(ClockContract, MovesByAtLeastTheDelay) {
  Clock& clock = this->world.clock();
  const auto before = clock.now();
  MonotonicTime at{};

  const auto timer = clock.after(10ms, [&] { at = clock.now(); });
  this->world.run_to_the_end();

  EXPECT_GE(at - before, 10ms);
}

}  // namespace
}  // namespace upbeat
