// SPDX-License-Identifier: Apache-2.0
// Whole views, the same everywhere, whatever the order in which Corosync tells the parts.
#include "engine/view_assembler.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/assembler_cluster.h"

namespace upbeat {
namespace {

std::vector<NodeId> members(const EngineView& view) {
  std::vector<NodeId> nodes;
  for (const Member& member : view.members) nodes.push_back(member.node);
  return nodes;
}

std::vector<NodeId> nodes(const Corosyncs::Nodes& numbers) {
  std::vector<NodeId> out;
  for (const std::uint32_t number : numbers) out.emplace_back(number);
  return out;
}

class ViewAssemblerTest : public testing::Test {
 protected:
  void three_in_a_ring() {
    for (const std::uint32_t node : {1, 2, 3}) world.add(node);
    world.ring({{1}, {2}, {3}});
    world.settle();
  }
  void TearDown() override {
    for (const auto& promise : broken_promises(world.lives())) ADD_FAILURE() << promise;
  }
  [[nodiscard]] EngineView last_view(std::uint32_t node) const { return world.views(node).back(); }

  Corosyncs world;
};

TEST_F(ViewAssemblerTest, GivesAllTheSameFirstView) {
  three_in_a_ring();

  ASSERT_EQ(world.views(1).size(), 1U);
  EXPECT_EQ(members(last_view(1)), nodes({1, 2, 3}));
  EXPECT_EQ(last_view(1), last_view(2));
  EXPECT_EQ(last_view(1), last_view(3));
}

TEST_F(ViewAssemblerTest, WaitsForTheQuorumOfTheSameRing) {
  three_in_a_ring();

  world.ring({{1, 2}});
  while (world.at(1).hear_stream()) {
  }
  EXPECT_EQ(world.views(1).size(), 1U) << "half a view";
  world.settle();

  EXPECT_EQ(members(last_view(1)), nodes({1, 2}));
  EXPECT_EQ(last_view(1).nodes, nodes({1, 2}));
}

TEST_F(ViewAssemblerTest, NeedsNoWordToSeeThatANodeIsLost) {
  three_in_a_ring();
  const int said = world.at(1).said;

  world.at(2).hangs = true;
  world.ring({{1, 2}});
  world.settle();

  EXPECT_EQ(members(last_view(1)), nodes({1, 2})) << "a daemon that hangs held up the view";
  EXPECT_EQ(world.at(1).said, said);
}

TEST_F(ViewAssemblerTest, SkipsARingThatTheQuorumServiceNeverTold) {
  three_in_a_ring();

  world.ring({{1, 2}});
  for (const std::uint32_t node : {1, 2}) world.at(node).quorum.pop_back();
  world.ring({{1}}, false);
  world.settle();

  EXPECT_EQ(world.views(1).size(), 2U);
  EXPECT_EQ(members(last_view(1)), nodes({1}));
  EXPECT_FALSE(last_view(1).quorate);
}

TEST_F(ViewAssemblerTest, GivesMessagesThatCameTooEarlyAfterTheView) {
  three_in_a_ring();

  world.kill(3);
  world.settle();
  Process& fresh = world.join(3, 1);
  fresh.hangs = true;
  world.send(1, "early");
  world.settle();
  EXPECT_EQ(world.life(1).heard.back().what, Heard::What::view) << "a message before its view";
  fresh.hangs = false;
  world.settle();

  EXPECT_EQ(members(last_view(1)), nodes({1, 2, 3}));
  for (const std::uint32_t node : {1, 2, 3}) {
    EXPECT_EQ(world.life(node).heard.back().text, "early") << "node " << node;
  }
}

TEST_F(ViewAssemblerTest, GoesOnWithoutOneThatHangsAndTakesItInAsAnotherWhenItSpeaks) {
  three_in_a_ring();
  const EngineView before = last_view(1);

  world.kill(2);
  world.settle();
  world.at(3).hangs = true;
  world.join(2, 1);
  world.settle();
  EXPECT_EQ(members(last_view(1)), nodes({1, 3})) << "the newcomer's view is not complete yet";
  world.at(1).wait_ends();
  world.at(2).wait_ends();
  world.settle();
  EXPECT_EQ(members(last_view(1)), nodes({1, 2}));
  EXPECT_EQ(last_view(1), last_view(2));
  world.send(1, "missed by 3");
  world.settle();

  world.at(3).hangs = false;
  world.settle();
  EXPECT_EQ(members(last_view(1)), nodes({1, 2, 3}));
  EXPECT_EQ(last_view(3), last_view(1));
  EXPECT_NE(last_view(1).members[2], before.members[2]);
  EXPECT_EQ(last_view(1).members[0], before.members[0]);
  EXPECT_EQ(world.life(2).heard[1].text, "missed by 3");
}

TEST_F(ViewAssemblerTest, GivesAnotherIncarnationToTheSmallerPartOfThoseThatWentApart) {
  three_in_a_ring();
  const EngineView before = last_view(1);

  world.ring({{1}, {2, 3}});
  world.settle();

  const EngineView after = last_view(1);
  EXPECT_EQ(last_view(2), after);
  EXPECT_EQ(last_view(3), after);
  EXPECT_NE(after.members[0], before.members[0]) << "1 may have missed something";
  EXPECT_EQ(after.members[1], before.members[1]);
  EXPECT_EQ(after.members[2], before.members[2]);
}

TEST_F(ViewAssemblerTest, GivesAnotherIncarnationToOneThatStoodStillWhileTheOthersWentOn) {
  three_in_a_ring();
  const EngineView before = last_view(1);

  world.ring({{2, 3}});
  world.send(2, "missed by 1");
  world.settle();
  world.ring({{1}, {2, 3}});
  world.settle();

  ASSERT_EQ(world.views(1).size(), 2U);
  EXPECT_NE(last_view(1).members[0], before.members[0]);
  EXPECT_EQ(last_view(1).members[1], before.members[1]);
  EXPECT_EQ(last_view(1), last_view(2));
}

TEST_F(ViewAssemblerTest, KeepsTheIncarnationsOfPartsThatHadViewsOfTheirOwn) {
  three_in_a_ring();
  const EngineView before = last_view(1);

  world.ring({{1}}, false);
  world.ring({{2, 3}});
  world.settle();
  world.ring({{1}, {2, 3}});
  world.settle();

  EXPECT_EQ(last_view(1).members, before.members);
  EXPECT_EQ(last_view(3), last_view(1));
}

TEST_F(ViewAssemblerTest, TellsATurnOfTheQuorumOnceAndToAllAtTheSamePlace) {
  three_in_a_ring();

  for (const std::uint32_t node : {1, 2, 3}) {
    QuorumNotice notice{.ring = last_view(1).ring, .quorate = false, .nodes = nodes({1, 2, 3})};
    world.at(node).quorum.push_back(notice);
    world.send(node, "from " + std::to_string(node));
  }
  world.settle();

  for (const std::uint32_t node : {1, 2, 3}) {
    ASSERT_EQ(world.views(node).size(), 2U);
    EXPECT_FALSE(last_view(node).quorate);
  }
}

TEST_F(ViewAssemblerTest, StartsAnewRatherThanHoldWithoutEnd) {
  three_in_a_ring();
  world.kill(3);
  world.settle();
  world.join(3, 1).hangs = true;

  for (std::size_t i = 0; i <= held_limit_events; ++i) world.send(2, std::to_string(i));
  world.settle();

  EXPECT_EQ(world.life(1).heard.back().what, Heard::What::lost);
}

/// Rings come and go, processes die, join and hang, while everybody sends.
void storm(Corosyncs& world) {
  constexpr int turns = 60;
  Prng& prng = world.prng();
  std::vector<std::vector<std::uint32_t>> rings{{1, 2, 3, 4}};
  for (const std::uint32_t node : rings.front()) world.add(node);
  world.ring({{1}, {2}, {3}, {4}});
  for (int turn = 0; turn < turns; ++turn) {
    for (std::uint64_t i = prng.below(60); i > 0; --i) world.step();
    const auto node = static_cast<std::uint32_t>(1 + prng.below(4));
    switch (prng.below(8)) {
      case 0: {  // part one ring, or join all, with or without having known each other
        if (rings.size() > 1) {
          std::ranges::sort(rings);
          world.ring(rings);
          rings = {{1, 2, 3, 4}};
        } else {
          rings = {{}, {}};
          for (const std::uint32_t one : {1U, 2U, 3U, 4U}) rings[prng.below(2)].push_back(one);
          std::erase_if(rings, [](const auto& ring) { return ring.empty(); });
          if (prng.below(3) == 0) {
            world.ring(rings);
            rings = {{1, 2, 3, 4}};
          } else {
            for (const auto& ring : rings) world.ring({ring}, ring.size() > 2);
          }
        }
        break;
      }
      case 1: {
        const auto mates = world.at(node).neighbours;
        if (mates.size() < 2) break;
        const auto beside = mates[0].node.get() == node ? mates[1].node.get() : mates[0].node.get();
        world.kill(node);
        world.join(node, beside);
        break;
      }
      case 2:
        world.at(node).hangs = !world.at(node).hangs;
        break;
      default:
        world.send(node, std::to_string(turn));
    }
  }
  for (const std::uint32_t node : {1, 2, 3, 4}) world.at(node).hangs = false;
  world.settle();
  for (const std::uint32_t node : {1, 2, 3, 4}) world.at(node).wait_ends();
  world.settle();
}

class ViewAssemblerStorm : public testing::TestWithParam<std::uint64_t> {};

TEST_P(ViewAssemblerStorm, KeepsItsPromisesAndEndsInOneView) {
  for (std::uint64_t seed = GetParam(); seed < GetParam() + 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Corosyncs world(seed);
    storm(world);

    for (const auto& promise : broken_promises(world.lives())) ADD_FAILURE() << promise;
    for (std::uint32_t node = 1; node <= 4; ++node) {
      ASSERT_FALSE(world.views(node).empty());
      const EngineView view = world.views(node).back();
      std::vector<NodeId> group;
      for (const ProcessId& process : world.at(node).neighbours) group.push_back(process.node);
      std::ranges::sort(group);
      EXPECT_EQ(members(view), group) << "node " << node;
      EXPECT_EQ(view, world.views(group.front().get()).back()) << "node " << node;
    }
    if (testing::Test::HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ViewAssemblerStorm, testing::Values(0, 100, 200, 300));

}  // namespace
}  // namespace upbeat
