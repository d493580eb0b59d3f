// SPDX-License-Identifier: Apache-2.0
// What befalls the world reaches the parts that it concerns.
#include "sim/world.h"

#include <gtest/gtest.h>

#include "wire/wire.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

class WorldTest : public testing::Test {
 protected:
  bool in_step(const std::string& node) { return world.machine(node).node()->in_step(); }

  World world{test_bed(3, 0)};
};

TEST_F(WorldTest, TwoNodesThatDoNotHearEachOtherAreInOneRingNoMore) {
  world.set_link("node0", "node1", false);
  world.pass(10s);

  EXPECT_TRUE(in_step("node2")) << "it hears both";
  EXPECT_NE(in_step("node0"), in_step("node1"));
  EXPECT_NE(world.hears_majority(world.id_of("node0")), world.hears_majority(world.id_of("node1")));

  world.set_link("node1", "node0", true);
  world.pass(10s);

  for (const auto* node : {"node0", "node1", "node2"}) EXPECT_TRUE(in_step(node)) << node;
}

TEST_F(WorldTest, ANodeWithoutItsCableIsAloneAndBackWithIt) {
  world.set_cable("node1", false);
  world.pass(10s);
  EXPECT_FALSE(in_step("node1"));
  EXPECT_FALSE(world.hears_majority(world.id_of("node1")));

  world.set_cable("node1", true);
  world.pass(10s);

  EXPECT_TRUE(in_step("node1"));
}

TEST_F(WorldTest, APartitionLeavesItsLargerPartInStep) {
  world.partition({{"node0", 1}});
  world.pass(10s);
  EXPECT_FALSE(in_step("node0"));
  EXPECT_TRUE(in_step("node1") && in_step("node2"));
  EXPECT_EQ(world.member(), world.machine("node1").node());

  world.heal_network();
  world.pass(10s);

  EXPECT_TRUE(in_step("node0"));
}

class Listener : public WorldWatcher {
 public:
  void on_log(const LogEntry& entry) override { lines.push_back(entry.subject + " " + entry.text); }
  [[nodiscard]] std::ptrdiff_t times_told(const std::string& line) const {
    return std::ranges::count(lines, line);
  }
  std::vector<std::string> lines;
};

TEST_F(WorldTest, WhatOneMemberAppliesWhereTheOthersHaveSomethingElseHidesNothing) {
  Listener listener;
  world.watch(listener);
  world.pass(10s);
  bool first = true;
  world.surroundings().tamper = [&](NodeId /*to*/, const std::string& bytes) {
    auto message = decode_message(bytes);
    auto* proposal = message ? std::get_if<Proposal>(&*message) : nullptr;
    if (proposal == nullptr || !std::holds_alternative<DrainRequested>(proposal->event)) {
      return bytes;
    }
    if (!std::exchange(first, false)) return bytes;
    proposal->event = DrainRequested{world.id_of("node2"), DrainCause::maintenance, "one only"};
    return encode(*message);
  };

  world.ask(DrainRequested{world.id_of("node1"), DrainCause::maintenance, "all"}, "maintenance");
  world.pass(1s);

  EXPECT_EQ(listener.times_told("node2 goes into maintenance (one only)"), 1);
  EXPECT_EQ(listener.times_told("node1 goes into maintenance (all)"), 1);
}

}  // namespace
}  // namespace upbeat
