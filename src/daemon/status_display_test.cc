// SPDX-License-Identifier: Apache-2.0
// What the host's own console is told, and when.
#include "daemon/status_display.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "clock/simulated_clock.h"

namespace upbeat {
namespace {

using testing::ElementsAre;
using Course = StatusDisplay::Course;

class Display : public testing::Test {
 protected:
  SimulatedClock clock;
  StatusDisplay::Look now{.line = "2 VMs run here"};
  std::vector<std::string> told;
  int jobs = 0;
  StatusDisplay display{clock, [this] { return now; },
                        [this](const std::string& line) { told.push_back(line); },
                        [this] { ++jobs; }};
};

TEST_F(Display, TellsEachLineOnce) {
  display.update();
  display.update();
  now.line = "1 VM runs here";
  display.update();
  EXPECT_THAT(told, ElementsAre("2 VMs run here", "1 VM runs here"));
}

TEST_F(Display, LooksByItselfAsTimePasses) {
  clock.advance(status_interval);
  EXPECT_THAT(told, ElementsAre("2 VMs run here"));
}

TEST_F(Display, BeginsOneJobForEachTimeThatTheHostGoesDown) {
  display.update();
  EXPECT_EQ(jobs, 0);
  now.course = Course::goes_down;
  display.update();
  display.update();
  EXPECT_EQ(jobs, 1);
  now.course = Course::stays;
  display.update();
  now.course = Course::goes_down;
  display.update();
  EXPECT_EQ(jobs, 2);
}

}  // namespace
}  // namespace upbeat
