// SPDX-License-Identifier: Apache-2.0
// One contract for the cluster engine, run against real Corosyncs and against their twin.
#include "engine/engine_contract.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ranges>
#include <tuple>

namespace upbeat {
namespace {

const NodeId n1{1};
const NodeId n2{2};
const NodeId n3{3};

class EngineContract : public testing::TestWithParam<std::tuple<MakeWorld, std::uint64_t>> {
 protected:
  void SetUp() override { world = std::get<0>(GetParam())(std::get<1>(GetParam())); }

  void TearDown() override {
    if (!world) return;
    for (const auto& promise : broken_promises(world->lives())) ADD_FAILURE() << promise;
  }

  /// The view that `node` has now; an empty one when it has none.
  [[nodiscard]] EngineView view(NodeId node) const {
    for (const auto& heard : std::views::reverse(world->life(node).heard)) {
      if (heard.what == Heard::What::lost) return {};
      if (heard.what == Heard::What::view) return heard.view;
    }
    return {};
  }

  /// All `daemons` have one view, in which they are the members, of a ring of `nodes`.
  bool await_view(const std::vector<NodeId>& daemons, const std::vector<NodeId>& nodes) {
    return world->await([&] {
      const EngineView first = view(daemons.front());
      std::vector<NodeId> members;
      for (const Member& member : first.members) members.push_back(member.node);
      return members == daemons && first.nodes == nodes &&
             std::ranges::all_of(daemons, [&](NodeId node) { return view(node) == first; });
    });
  }

  bool start_three() {
    for (const NodeId node : all) world->start_daemon(node);
    return await_view(all, all);
  }

  [[nodiscard]] std::vector<std::string> texts(NodeId node) const {
    std::vector<std::string> texts;
    for (const auto& heard : world->life(node).heard) {
      if (heard.what == Heard::What::message) texts.push_back(heard.text);
    }
    return texts;
  }

  [[nodiscard]] bool heard_text(NodeId node, const std::string& text) const {
    return std::ranges::count(texts(node), text) > 0;
  }

  bool await_text(const std::vector<NodeId>& nodes, const std::string& text) {
    return world->await([&] {
      return std::ranges::all_of(nodes, [&](NodeId node) { return heard_text(node, text); });
    });
  }

  [[nodiscard]] static std::uint64_t incarnation(const EngineView& of, NodeId node) {
    for (const Member& member : of.members) {
      if (member.node == node) return member.incarnation;
    }
    return 0;
  }

  const std::vector<NodeId> all{n1, n2, n3};
  std::unique_ptr<ContractWorld> world;
};

TEST_P(EngineContract, GivesAllMembersOneQuorateViewWithAllNodes) {
  ASSERT_TRUE(start_three());

  EXPECT_TRUE(view(n1).quorate);
  EXPECT_GT(view(n1).ring.sequence, 0U);
  for (const NodeId node : all) EXPECT_NE(incarnation(view(n1), node), 0U);
}

TEST_P(EngineContract, KnowsItselfAndTheConfiguredNodes) {
  ASSERT_TRUE(start_three());

  EXPECT_EQ(world->self(n2), n2);
  EXPECT_EQ(world->configured_nodes(n2),
            (std::vector<ConfiguredNode>{{n1, "node1"}, {n2, "node2"}, {n3, "node3"}}));
}

TEST_P(EngineContract, KnowsHowLongARingMayTakeToForm) {
  ASSERT_TRUE(start_three());

  EXPECT_EQ(world->ring_timing(n2), (RingTiming{.token = std::chrono::milliseconds(1000),
                                                .consensus = std::chrono::milliseconds(1200)}));
}

TEST_P(EngineContract, DeliversTheMessagesOfAllSendersToAllInOneOrder) {
  constexpr int rounds = 40;
  ASSERT_TRUE(start_three());

  std::vector<std::string> sent;
  for (int i = 0; i < rounds; ++i) {
    for (const NodeId node : all) {
      sent.push_back(std::to_string(node.get()) + "-" + std::to_string(i));
      ASSERT_TRUE(world->send(node, sent.back()));
    }
  }
  ASSERT_TRUE(world->await([&] {
    return std::ranges::all_of(all, [&](NodeId node) { return texts(node).size() >= sent.size(); });
  }));

  EXPECT_EQ(texts(n2), texts(n1));
  EXPECT_EQ(texts(n3), texts(n1));
  std::vector<std::string> heard = texts(n1);
  std::ranges::sort(heard);
  std::ranges::sort(sent);
  EXPECT_EQ(heard, sent) << "each exactly once";
}

TEST_P(EngineContract, DeliversTheMessagesOfOneSenderInTheOrderOfSending) {
  ASSERT_TRUE(start_three());

  for (int i = 0; i < 100; ++i) ASSERT_TRUE(world->send(n2, std::to_string(i)));
  ASSERT_TRUE(await_text(all, "99"));

  for (int i = 0; i < 100; ++i) EXPECT_EQ(texts(n3)[i], std::to_string(i));
  EXPECT_EQ(world->life(n1).heard.back().from, n2);
}

TEST_P(EngineContract, GivesTheMinorityOfAPartitionNoQuorumAndNoneOfTheOthersMessages) {
  ASSERT_TRUE(start_three());

  world->partition({{n1, n2}, {n3}});
  ASSERT_TRUE(await_view({n1, n2}, {n1, n2}));
  ASSERT_TRUE(await_view({n3}, {n3}));
  EXPECT_TRUE(view(n1).quorate);
  EXPECT_FALSE(view(n3).quorate);
  EXPECT_NE(view(n1).ring, view(n3).ring);

  ASSERT_TRUE(world->send(n1, "of the majority"));
  ASSERT_TRUE(world->send(n3, "of the minority"));
  EXPECT_TRUE(await_text({n1, n2}, "of the majority"));
  EXPECT_TRUE(await_text({n3}, "of the minority"));

  world->heal();
  ASSERT_TRUE(await_view(all, all));
  EXPECT_TRUE(view(n3).quorate);
  ASSERT_TRUE(world->send(n1, "after the merge"));
  ASSERT_TRUE(await_text(all, "after the merge"));
  EXPECT_FALSE(heard_text(n1, "of the minority"));
  EXPECT_FALSE(heard_text(n2, "of the minority"));
  EXPECT_FALSE(heard_text(n3, "of the majority"));
}

TEST_P(EngineContract, GivesAViewOfTheSameRingWhenADaemonLeavesAndWhenItComesBackAsAnother) {
  ASSERT_TRUE(start_three());
  const EngineView before = view(n1);

  world->stop_daemon(n2);
  ASSERT_TRUE(await_view({n1, n3}, all));
  EXPECT_EQ(view(n1).ring, before.ring);

  world->start_daemon(n2);
  ASSERT_TRUE(await_view(all, all));
  const EngineView after = view(n1);
  EXPECT_EQ(after.ring, before.ring);
  EXPECT_NE(incarnation(after, n2), incarnation(before, n2));
  EXPECT_EQ(incarnation(after, n1), incarnation(before, n1));
  EXPECT_EQ(incarnation(after, n3), incarnation(before, n3));
}

TEST_P(EngineContract, GivesANewcomerNothingOfBeforeItsFirstView) {
  world->start_daemon(n1);
  world->start_daemon(n2);
  ASSERT_TRUE(await_view({n1, n2}, all));
  ASSERT_TRUE(world->send(n1, "before"));
  ASSERT_TRUE(await_text({n1, n2}, "before"));

  world->start_daemon(n3);
  ASSERT_TRUE(await_view(all, all));
  ASSERT_TRUE(world->send(n1, "after"));
  ASSERT_TRUE(await_text(all, "after"));

  EXPECT_EQ(texts(n3), std::vector<std::string>{"after"});
}

TEST_P(EngineContract, KeepsTheSurvivorsTogetherWhenAnEngineDiesAmongMessages) {
  ASSERT_TRUE(start_three());

  for (int i = 0; i < 50; ++i) {
    for (const NodeId node : all) {
      ASSERT_TRUE(world->send(node, std::to_string(node.get()) + "-" + std::to_string(i)));
    }
  }
  world->crash_engine(n3);
  for (int i = 50; i < 80; ++i) {
    for (const NodeId node : {n1, n2}) {
      ASSERT_TRUE(world->send(node, std::to_string(node.get()) + "-" + std::to_string(i)));
    }
  }
  ASSERT_TRUE(await_view({n1, n2}, {n1, n2}));
  ASSERT_TRUE(world->send(n1, "end"));
  ASSERT_TRUE(await_text({n1, n2}, "end"));

  EXPECT_TRUE(view(n1).quorate);
  EXPECT_EQ(texts(n1), texts(n2));
  EXPECT_TRUE(heard_text(n2, "1-79")) << "a survivor's message is lost";
}

TEST_P(EngineContract, TellsThatTheEngineIsLostAndComesBackAsAnotherIncarnation) {
  ASSERT_TRUE(start_three());
  const EngineView before = view(n1);

  world->crash_engine(n2);
  ASSERT_TRUE(world->await([&] { return world->life(n2).heard.back().what == Heard::What::lost; }));
  EXPECT_NE(world->life(n2).heard.back().text.find("Cannot"), std::string::npos);
  EXPECT_FALSE(world->send(n2, "into nothing"));
  EXPECT_FALSE(world->self(n2));
  EXPECT_FALSE(world->configured_nodes(n2));
  EXPECT_FALSE(world->ring_timing(n2));
  ASSERT_TRUE(await_view({n1, n3}, {n1, n3}));

  world->start_engine(n2);
  ASSERT_TRUE(await_view(all, all));
  EXPECT_NE(incarnation(view(n1), n2), incarnation(before, n2));
  ASSERT_TRUE(world->send(n2, "back"));
  EXPECT_TRUE(await_text(all, "back"));
}

TEST_P(EngineContract, TellsADaemonThatStartsWithoutAnEngineAndTakesItInLater) {
  world->crash_engine(n3);
  world->start_daemon(n3);

  ASSERT_TRUE(world->await([&] { return !world->life(n3).heard.empty(); }));
  EXPECT_EQ(world->life(n3).heard.front().what, Heard::What::lost);

  world->start_engine(n3);
  ASSERT_TRUE(await_view({n3}, all));
}

TEST_P(EngineContract, TakesAMessageOfTheLimitAndRefusesALongerOne) {
  ASSERT_TRUE(start_three());

  const auto refused = world->send_bytes(n1, message_limit_bytes + 1);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find(std::to_string(message_limit_bytes)), std::string::npos);

  ASSERT_TRUE(world->send_bytes(n1, message_limit_bytes));
  EXPECT_TRUE(await_text(all, std::string(heard_limit_bytes, 'x')));
}

/// An engine that goes on after the others gave it up may still hold their token, and give its
/// daemon, and nobody else, what that has said. But it holds it once.
TEST_P(EngineContract, DeliversWhatFollowsOnAMessageThatCameBackOnlyIfTheRingWasWholeInBetween) {
  ASSERT_TRUE(start_three());
  const EngineView with_all = view(n2);
  world->stall_engine(n2);
  world->partition({{n1, n3}, {n2}});
  const bool given_up = await_view({n1, n3}, {n1, n3});
  const bool sent = world->send(n2, "said while it stood still").has_value();
  world->let_engine_go_on(n2);
  ASSERT_TRUE(given_up);
  ASSERT_TRUE(sent);
  ASSERT_TRUE(world->await(
      [&] { return heard_text(n2, "said while it stood still") || view(n2) != with_all; }));

  ASSERT_TRUE(world->send(n2, "said after that"));

  ASSERT_TRUE(await_view({n2}, {n2}));
  const auto& heard = world->life(n2).heard;
  const auto alone = std::ranges::find_if(heard, [](const Heard& one) {
    return one.what == Heard::What::view && one.view.nodes == std::vector{n2};
  });
  EXPECT_TRUE(std::none_of(heard.begin(), alone,
                           [](const Heard& one) { return one.text == "said after that"; }));
  world->heal();
  ASSERT_TRUE(await_view(all, all));
  EXPECT_FALSE(heard_text(n1, "said while it stood still"));
  EXPECT_FALSE(heard_text(n3, "said while it stood still"));
}

TEST_P(EngineContract, RefusesToQueueWithoutEndWhileTheRingStandsStill) {
  ASSERT_TRUE(start_three());
  world->partition({{n1}, {n2}, {n3}});

  const std::size_t taken = world->flood(n1, 5 * send_queue_limit, 1000);

  EXPECT_GE(taken, send_queue_limit);
  EXPECT_LT(taken, 5 * send_queue_limit);
  world->heal();
  ASSERT_TRUE(await_view(all, all));
  ASSERT_TRUE(world->send(n2, "goes on"));
  EXPECT_TRUE(await_text(all, "goes on"));
}

std::string name_of(const testing::TestParamInfo<EngineContract::ParamType>& info) {
  return "Seed" + std::to_string(std::get<1>(info.param));
}

INSTANTIATE_TEST_SUITE_P(Simulated, EngineContract,
                         testing::Combine(testing::Values(&make_simulated_world),
                                          testing::Values(1, 2, 3)),
                         name_of);

INSTANTIATE_TEST_SUITE_P(Corosync, EngineContract,
                         testing::Combine(testing::Values(&make_corosync_world),
                                          testing::Values(0)),
                         name_of);

}  // namespace
}  // namespace upbeat
