// SPDX-License-Identifier: Apache-2.0
// Whose state counts, and who has to wait for others.
#include "node/view_agreement.h"

#include <gtest/gtest.h>

namespace upbeat {
namespace {

/// A view of these nodes out of `all`, and what their daemons say.
struct Meeting {
  Meeting(std::uint32_t all, std::vector<std::uint32_t> here) {
    view = {.ring = {.sequence = 8, .leader = NodeId(here.front())}, .quorate = true};
    for (const auto id : here) view.nodes.emplace_back(id);
    for (std::uint32_t id = 1; id <= all; ++id) {
      configured.push_back({NodeId(id), "node" + std::to_string(id)});
    }
  }
  Hello& hello(std::uint32_t id) {
    auto& one = hellos[NodeId(id)];
    one.configured = configured;
    one.incarnation = id;
    return one;
  }
  [[nodiscard]] Agreement agreement() const { return agree_on(view, hellos); }

  EngineView view;
  std::vector<NodeNamed> configured;
  std::map<NodeId, Hello> hellos;
};

TEST(OneOfTwoNodes, GoesOnIfItHasLivedWithTheState) {
  Meeting meeting(2, {1});
  meeting.hello(1).live = true;

  EXPECT_EQ(meeting.agreement().waits_for, "");
  EXPECT_EQ(meeting.agreement().change.continuity, Continuity::warm);
}

TEST(OneOfTwoNodes, WaitsForTheOtherIfItHasOnlyReadTheState) {
  Meeting meeting(2, {1});
  meeting.hello(1).live = false;

  EXPECT_TRUE(meeting.agreement().waits_for.starts_with("it waits for other nodes"));
}

TEST(OneOfTwoNodes, GoesOnWhileOnlyTheOthersDaemonIsAway) {
  Meeting meeting(2, {1, 2});
  meeting.hello(1).live = true;

  const auto agreed = meeting.agreement();

  EXPECT_EQ(agreed.waits_for, "");
  EXPECT_EQ(agreed.change.here, (std::vector<NodeHere>{{NodeId(1), 1}, {NodeId(2), 0}}));
  meeting.hello(1).live = false;
  EXPECT_TRUE(meeting.agreement().waits_for.starts_with("it waits for more members"));
}

TEST(TwoOfFourNodes, NeverGoOnThoughAnArbiterGivesThemItsVote) {
  Meeting meeting(4, {1, 2});
  meeting.hello(1).live = true;
  meeting.hello(2).live = true;

  EXPECT_TRUE(meeting.agreement().waits_for.contains("only of two nodes may one go on alone"));
}

TEST(OneOfThreeNodes, NeverGoesOn) {
  Meeting meeting(3, {1});
  meeting.hello(1).live = true;

  EXPECT_NE(meeting.agreement().waits_for, "");
}

/// They say what they know, but keep nothing: what the one that can had granted would be forgotten
/// without it (a story of five nodes has shown it).
TEST(AMajorityOfDaemons, IsNoneIfMostAreTooOldToKeepTheState) {
  Meeting meeting(5, {1, 2, 3});
  for (const std::uint32_t id : {1U, 2U, 3U}) {
    meeting.hello(id).format = id == 3 ? 2 : 1;
    meeting.hello(id).needs_format = id == 3 ? 2 : 1;
    meeting.hello(id).epoch = Epoch(id);
    meeting.hello(id).release = id == 3 ? "0.2.0" : "0.1.0";
  }

  EXPECT_EQ(meeting.agreement().waits_for,
            "it waits for more members: upbeatd knows the cluster's state, that of release 0.2.0, "
            "on 1 of the nodes here and is needed on 3; upgrade it on the others");
  meeting.hello(1).format = 2;
  meeting.hello(2).format = 2;
  EXPECT_EQ(meeting.agreement().waits_for, "");
}

TEST(TwoHistories, AreToldApartByTheTermBeforeAnythingElse) {
  Meeting meeting(2, {1, 2});
  meeting.hello(1).term = 2;
  meeting.hello(1).epoch = Epoch(3);
  meeting.hello(2).epoch = Epoch(900'000);
  meeting.hello(2).index = EventIndex(900);
  meeting.hello(2).live = true;

  const auto agreed = meeting.agreement();

  EXPECT_EQ(agreed.source, NodeId(1)) << "node2 was shot, and has only the newer views";
  EXPECT_GT(agreed.change.epoch, Epoch(900'000)) << "no number comes twice";
  EXPECT_EQ(agreed.change.continuity, Continuity::cold) << "nobody carried this one over";
}

}  // namespace
}  // namespace upbeat
