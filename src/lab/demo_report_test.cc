// SPDX-License-Identifier: Apache-2.0
// What is late is called missed; what is wrong in kind fails the demo.
#include "lab/demo_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace upbeat::lab {
namespace {

DemoReport good() {
  DemoReport report;
  report.graceful = {.node = "node0",
                     .strike_to_repaired_s = 3.25,
                     .came_back = true,
                     .vms = {{.vm = "x0",
                              .from = "node0",
                              .to = "node2",
                              .method = "live",
                              .blackout_ms = 62.4567,
                              .hypervisor_downtime_ms = 12,
                              .same_boot = true,
                              .memory_intact = true,
                              .connection_kept = true,
                              .longest_stall_ms = 210}}};
  report.power_cut = {.node = "node1",
                      .strike_to_lost_s = 2.2,
                      .strike_to_fenced_s = 3.1,
                      .strike_to_repaired_s = 9.5,
                      .came_back = true,
                      .vms = {{"x1", "node1", "node3", "boot", 9.5}}};
  return report;
}

TEST(DemoReport, PassesWhenEverythingIsRightAndInTime) {
  EXPECT_TRUE(wrong_in_kind(good()).empty());
  EXPECT_TRUE(std::ranges::all_of(promises(good()), &Promise::met));
}

TEST(DemoReport, BeingLateMissesAPromiseAndIsNotWrongInKind) {
  auto report = good();
  report.power_cut.strike_to_repaired_s = 20.5;

  const auto all = promises(report);

  EXPECT_EQ(all.back().what, "power cut: strike to repaired: 20.50 s, limit 20 s");
  EXPECT_FALSE(all.back().met);
  EXPECT_TRUE(wrong_in_kind(report).empty());
  EXPECT_THAT(to_text(report), testing::HasSubstr("MISSED  power cut: strike to repaired"));
}

TEST(DemoReport, WhatWasNotMeasuredIsNotMet) {
  auto report = good();
  report.graceful.vms[0].blackout_ms.reset();
  report.power_cut.strike_to_fenced_s.reset();

  EXPECT_FALSE(promises(report)[0].met);
  EXPECT_FALSE(promises(report)[3].met);
}

TEST(DemoReport, AGuestThatDidNotMoveLiveIsWrong) {
  auto report = good();
  report.graceful.vms[0].method = "boot";
  report.graceful.vms[0].same_boot = false;
  report.graceful.vms[0].memory_intact = false;
  report.graceful.vms[0].connection_kept = false;

  EXPECT_EQ(wrong_in_kind(report).size(), 4U);
}

TEST(DemoReport, AGuestThatIsNotBackAndASecondStartAreWrong) {
  auto report = good();
  report.power_cut.vms[0].outage_s.reset();
  report.started_twice = 1;
  report.wrongs = {"x5 answered twice"};

  EXPECT_THAT(wrong_in_kind(report),
              testing::ElementsAre("x5 answered twice", "x1 did not come back after the power cut",
                                   "guests were started twice: 1 times"));
}

TEST(DemoReport, ANodeThatStaysAwayAndAPowerCutThatNeverWasAreWrong) {
  auto report = good();
  report.graceful.came_back = false;
  report.power_cut = {};

  EXPECT_THAT(wrong_in_kind(report),
              testing::ElementsAre("node0 is not back", "there was no power cut"));
}

TEST(DemoReport, WritesTheJsonThatOthersRead) {
  auto report = good();
  report.power_cut.strike_to_lost_s.reset();

  EXPECT_EQ(to_json(report),
            R"({"graceful": {"node": "node0", "strike_to_repaired_s": 3.25, "vms": [
    {"vm": "x0", "from": "node0", "to": "node2", "method": "live", "blackout_ms": 62.457, "hypervisor_downtime_ms": 12, "same_boot": true, "memory_intact": true}]},
 "power_cut": {"node": "node1", "strike_to_lost_s": null, "strike_to_fenced_s": 3.1, "strike_to_repaired_s": 9.5, "vms": [
    {"vm": "x1", "from": "node1", "to": "node3", "method": "boot", "outage_s": 9.5}]},
 "started_twice": 0}
)");
}

}  // namespace
}  // namespace upbeat::lab
