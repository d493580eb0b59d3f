// SPDX-License-Identifier: Apache-2.0
// What would happen if …: a live cluster's state, played on.
#include "sim/what_if.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace upbeat {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr std::uint64_t mib = 1024;

/// node1 … with 896 MiB for guests each, as a daemon there would know them.
class WhatIfTest : public testing::Test {
 protected:
  void nodes(std::uint32_t count) {
    live.index = EventIndex(5000);
    live.epoch = Epoch(7);
    live.now = 3'600'000ms;
    for (std::uint32_t id = 1; id <= count; ++id) {
      live.nodes[NodeId(id)] = {
          .name = "node" + std::to_string(id),
          .standing = Online{.incarnation = 90 + id, .member_since = Epoch(7), .reported = true},
          .capacity = {896 * mib, 4}};
    }
  }
  VmRecord& runs(const std::string& name, std::uint32_t on, std::uint64_t memory_mib = 256,
                 std::int32_t priority = 0) {
    auto& vm = live.vms[VmId(name)];
    vm.spec = {.uuid = "uuid of " + name,
               .memory_kib = memory_mib * mib,
               .priority = priority,
               .domain_xml = {}};
    vm.wanted = Wanted::running;
    vm.phase = Running{NodeId(on), 1000ms};
    vm.may_run_on[NodeId(on)] = EventIndex(40);
    vm.home = NodeId(on);
    vm.last_on = NodeId(on);
    return vm;
  }
  /// Eight guests on four nodes, as in the 2006 test bed.
  void test_bed(std::uint32_t count = 4) {
    nodes(count);
    for (std::uint32_t i = 0; i < 8; ++i) runs("x" + std::to_string(i), 1 + i % count);
  }
  void rule(const std::string& name, RuleKind kind, const std::vector<std::string>& vms,
            const std::vector<std::uint32_t>& on = {}) {
    Rule one{.name = RuleId(name), .kind = kind};
    for (const auto& vm : vms) one.vms.emplace_back(vm);
    for (const auto node : on) one.nodes.emplace_back(node);
    live.rules[one.name] = one;
  }
  WhatIf ask(const std::vector<std::string>& commands) {
    const auto answer = what_if(live, commands);
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().text);
    const auto story = answer.value_or(WhatIf{});
    EXPECT_EQ(story.still_under_way, "");
    return story;
  }
  std::string refuses(const std::vector<std::string>& commands) const {
    const auto answer = what_if(live, commands);
    return answer ? "an answer" : answer.error().text;
  }
  static const GuestStory& guest(const WhatIf& story, const std::string& name) {
    static const GuestStory none;
    const auto found = std::ranges::find(story.guests, VmId(name), &GuestStory::vm);
    if (found == story.guests.end()) ADD_FAILURE() << "nothing happens to " << name;
    return found == story.guests.end() ? none : *found;
  }
  static const NodeStory& node(const WhatIf& story, const std::string& name) {
    static const NodeStory none;
    const auto found = std::ranges::find(story.nodes, name, &NodeStory::name);
    if (found == story.nodes.end()) ADD_FAILURE() << "nothing happens to " << name;
    return found == story.nodes.end() ? none : *found;
  }
  static std::vector<std::string> who(const WhatIf& story, Fate fate) {
    std::vector<std::string> names;
    for (const auto& one : story.guests) {
      if (one.fate == fate) names.push_back(one.vm.get());
    }
    return names;
  }
  using Names = std::vector<std::string>;

  State live;
};

TEST_F(WhatIfTest, GuestsOfANodeThatIsCutBootElsewhereAfterItIsProvedOff) {
  test_bed();
  const auto story = ask({"cut node2"});

  EXPECT_EQ(story.commands, Names{"power node2 cut"});
  EXPECT_EQ(who(story, Fate::restarted), (Names{"x1", "x5"}));
  EXPECT_EQ(story.guests.size(), 2U) << "nothing happens to the others";
  const auto& x1 = guest(story, "x1");
  EXPECT_EQ(x1.from, "node2");
  EXPECT_NE(x1.to, "node2");
  EXPECT_NE(x1.to, "");
  EXPECT_GT(x1.away, 6s) << "loss 2.1 s, fencing 0.5 s, boot 4.3 s";
  EXPECT_LT(x1.away, 12s);
  EXPECT_EQ(x1.done, x1.away) << "it went at once";
  const auto& node2 = node(story, "node2");
  EXPECT_EQ(node2.before, "online");
  EXPECT_EQ(node2.after, "off");
  EXPECT_TRUE(node2.proved_off && *node2.proved_off > 2s && *node2.proved_off < x1.away);
  EXPECT_TRUE(story.quorate);
  EXPECT_EQ(story.nodes_on, 3U);
  EXPECT_FALSE(leaves_some_down(story));
  EXPECT_GE(story.length, x1.away);
  EXPECT_LT(story.length, 15s);
}

TEST_F(WhatIfTest, WhereRoomIsShortTheLeastImportantGuestStaysDownAndSaysWhy) {
  nodes(3);
  for (const char* name : {"a1", "a2"}) runs(name, 1);
  for (const char* name : {"b1", "b2", "b3"}) runs(name, 2);
  runs("low", 3, 256, -5);
  runs("high", 3, 256, 5);
  const auto story = ask({"cut node3"});

  EXPECT_EQ(who(story, Fate::restarted), Names{"high"});
  EXPECT_EQ(who(story, Fate::down), Names{"low"});
  const auto& low = guest(story, "low");
  EXPECT_EQ(low.to, "");
  EXPECT_FALSE(low.done);
  EXPECT_TRUE(low.why.contains("low needs 256 MiB")) << low.why;
  EXPECT_TRUE(low.why.contains("node1 has 128 MiB free")) << low.why;
  EXPECT_FALSE(low.explanation.empty());
  EXPECT_TRUE(leaves_some_down(story));
}

TEST_F(WhatIfTest, AForeignGuestTakesTheRoomThatItHas) {
  nodes(3);
  runs("a", 1, 512);
  runs("b", 3, 512);
  live.nodes.edit(NodeId(2)).foreign.push_back({VmId("stranger"), 512 * mib});
  EXPECT_EQ(who(ask({"cut node3"}), Fate::down), Names{"b"});
}

TEST_F(WhatIfTest, GuestsOfADrainedNodeMoveLiveAndTheNodeStays) {
  test_bed();
  const auto story = ask({"drain node3"});

  EXPECT_EQ(who(story, Fate::moved), (Names{"x2", "x6"}));
  const auto& x2 = guest(story, "x2");
  EXPECT_GT(x2.away, 10ms);
  EXPECT_LT(x2.away, 200ms) << "it only pauses";
  EXPECT_EQ(node(story, "node3").after, "drained");
  EXPECT_FALSE(node(story, "node3").proved_off);
  EXPECT_TRUE(story.refused.empty());
}

TEST_F(WhatIfTest, ADrainThatWouldBeRefusedIsToldAsRefused) {
  nodes(3);
  runs("a", 1, 800);
  runs("b", 2, 800);
  runs("c", 3, 800);
  const auto story = ask({"drain node1"});

  ASSERT_EQ(story.refused.size(), 1U);
  EXPECT_EQ(story.refused.front().what, "drain node1");
  EXPECT_TRUE(story.refused.front().why.contains("cannot drain node1")) << story.refused[0].why;
  EXPECT_TRUE(story.guests.empty());
  EXPECT_FALSE(leaves_some_down(story));
}

TEST_F(WhatIfTest, ARebootHandsItsGuestsOverAndTheNodeIsBack) {
  test_bed();
  const auto story = ask({"reboot node1"});

  EXPECT_EQ(who(story, Fate::moved), (Names{"x0", "x4"}));
  EXPECT_EQ(node(story, "node1").after, "online");
  EXPECT_GT(story.length, 6s) << "it boots for so long";
}

TEST_F(WhatIfTest, FailbackOfTheLiveClusterBringsThemBack) {
  test_bed();
  live.policy.failback = Failback::go_home;
  const auto story = ask({"reboot node1"});

  EXPECT_EQ(guest(story, "x0").fate, Fate::moved);
  EXPECT_EQ(guest(story, "x0").to, "node1");
}

TEST_F(WhatIfTest, AShutdownWithoutRoomEndsWithAGuestThatIsDown) {
  nodes(3);
  runs("a", 1, 800);
  runs("b", 2, 800);
  runs("c", 3, 800);
  const auto story = ask({"shutdown node1"});

  EXPECT_EQ(who(story, Fate::down), Names{"a"});
  EXPECT_GT(story.length, 500s) << "the shutdown is held back for most of its ten minutes";
  EXPECT_LT(story.length, 600s) << "it is shut down while there is time";
  EXPECT_EQ(node(story, "node1").after, "left");
}

TEST_F(WhatIfTest, ANodeThatIsOffAlreadyMakesNoDifference) {
  test_bed();
  for (const char* name : {"x3", "x7"}) live.vms.erase(VmId(name));
  live.nodes.edit(NodeId(4)).standing = ProvedOff{"the operator says so"};
  const auto story = ask({"cut node4"});

  EXPECT_TRUE(story.guests.empty());
  EXPECT_TRUE(story.nodes.empty());
  EXPECT_TRUE(story.quorate);
  EXPECT_EQ(story.nodes_on, 3U);
  EXPECT_EQ(story.length, 0ms);
}

TEST_F(WhatIfTest, ANodeThatIsOffTakesGuestsOnceItIsSwitchedOn) {
  nodes(3);
  live.nodes.edit(NodeId(3)).standing = Left{};
  runs("a", 1, 512);
  runs("b", 2, 512);
  auto& waiting = runs("c", 3, 512);
  waiting.phase = Stopped{};
  waiting.may_run_on.clear();
  const auto story = ask({"on node3"});

  EXPECT_EQ(who(story, Fate::started), Names{"c"});
  EXPECT_EQ(guest(story, "c").from, "");
  EXPECT_EQ(guest(story, "c").to, "node3");
}

TEST_F(WhatIfTest, LossOfQuorumIsToldAndNothingIsStarted) {
  test_bed();
  const auto story = ask({"cut node1", "cut node2"});

  EXPECT_FALSE(story.quorate);
  EXPECT_TRUE(story.quorum_lost.has_value());
  EXPECT_EQ(story.nodes_on, 2U);
  EXPECT_EQ(who(story, Fate::down), (Names{"x0", "x1", "x4", "x5"}));
  EXPECT_TRUE(guest(story, "x0").why.contains("no quorum"));
  EXPECT_EQ(node(story, "node3").after, "no quorum");
  EXPECT_EQ(node(story, "node1").after, "off");
}

TEST_F(WhatIfTest, RulesOfTheLiveClusterAreKept) {
  test_bed();
  rule("apart", RuleKind::apart, {"x1", "x2"});
  rule("licence", RuleKind::on, {"x1"}, {2, 3});
  const auto story = ask({"cut node2"});

  EXPECT_EQ(guest(story, "x1").fate, Fate::down);
  EXPECT_TRUE(guest(story, "x1").why.contains("rule 'apart'")) << guest(story, "x1").why;
  EXPECT_EQ(guest(story, "x5").fate, Fate::restarted);
}

TEST_F(WhatIfTest, PolicyDrainsAndGivenUpGuestsAreThoseOfTheLiveCluster) {
  test_bed();
  live.policy.on_shutdown = OnShutdown::hold;
  live.nodes.edit(NodeId(4)).drain = Drain{DrainCause::maintenance, "new fans", 10ms};
  for (const char* name : {"x3", "x7"}) live.vms.erase(VmId(name));
  auto& broken = runs("broken", 4);
  broken.phase = Stopped{};
  broken.may_run_on.clear();
  broken.given_up = true;
  broken.waits_for = "it failed 4 times";
  const auto story = ask({"shutdown node2"});

  EXPECT_EQ(who(story, Fate::down), (Names{"x1", "x5"})) << "they are held for their node";
  EXPECT_TRUE(guest(story, "x1").why.contains("held for node2")) << guest(story, "x1").why;
  EXPECT_EQ(story.guests.size(), 2U) << "what was given up stays so";

  live.policy = {};
  const auto migrated = ask({"shutdown node2"});
  for (const auto& one : migrated.guests) EXPECT_NE(one.to, "node4") << "it is in maintenance";
  EXPECT_EQ(who(migrated, Fate::moved), (Names{"x1", "x5"}));
}

TEST_F(WhatIfTest, AFenceDeviceThatFailsKeepsTheGuestsOfALostNodeDown) {
  test_bed();
  live.nodes.edit(NodeId(2)).standing = Lost{3'500'000ms};
  live.nodes.edit(NodeId(2)).fencing =
      Fencing{.failures = 2, .next_try = 3'601'000ms, .last_error = "no answer"};
  const auto story = ask({"drain node1"});

  EXPECT_EQ(who(story, Fate::moved), (Names{"x0", "x4"}));
  EXPECT_EQ(story.guests.size(), 2U) << "those of node2 did not run before";
  EXPECT_EQ(node(story, "node1").after, "drained");
}

TEST_F(WhatIfTest, MigrationsTakeAsLongAsTheLastOnesDid) {
  test_bed();
  auto& x1 = live.vms.edit(VmId("x1"));
  x1.last_move =
      MigrationEnded{.vm = VmId("x1"), .success = true, .total_ms = 30'570, .downtime_ms = 100};
  const auto story = ask({"drain node2"});

  EXPECT_EQ(story.moves.moves, 1U);
  EXPECT_TRUE(
      assumptions(story.moves).starts_with("migrations copy 8 MiB/s and pause a VM for 100"))
      << assumptions(story.moves);
  EXPECT_GE(guest(story, "x1").away, 100ms);
  EXPECT_GT(*guest(story, "x5").done, 30s) << "one after the other, each 30 s";
}

TEST_F(WhatIfTest, AShutdownThatIsUnderWayGoesOn) {
  test_bed();
  for (const char* name : {"x4", "x5"}) live.vms.erase(VmId(name));
  live.nodes.edit(NodeId(1)).drain = Drain{DrainCause::shutdown, "poweroff", 10ms};
  const auto story = ask({"drain node2"});

  EXPECT_EQ(who(story, Fate::moved), (Names{"x0", "x1"}));
  EXPECT_EQ(node(story, "node1").after, "left");
}

TEST_F(WhatIfTest, AMigrationThatIsUnderWayGoesOn) {
  test_bed();
  auto& x1 = live.vms.edit(VmId("x1"));
  x1.phase = Migrating{.from = NodeId(2), .to = NodeId(3), .since = EventIndex(4990)};
  x1.may_run_on = {{NodeId(2), EventIndex(40)}, {NodeId(3), EventIndex(4990)}};
  const auto story = ask({"vm x7 stop"});

  EXPECT_EQ(guest(story, "x1").to, "node3");
  EXPECT_EQ(guest(story, "x7").fate, Fate::stopped);
  EXPECT_FALSE(leaves_some_down(story)) << "it was asked for";
}

TEST_F(WhatIfTest, ANodeWithoutItsDaemonKeepsItsGuests) {
  test_bed(5);
  live.nodes.edit(NodeId(4)).standing = Online{.incarnation = 0, .member_since = Epoch(7)};
  const auto story = ask({"cut node1"});

  EXPECT_EQ(who(story, Fate::restarted), (Names{"x0", "x5"}));
  EXPECT_EQ(story.guests.size(), 2U);
  for (const auto& one : story.guests) EXPECT_NE(one.to, "node4");
}

TEST_F(WhatIfTest, WithoutAMajorityOfDaemonsThereIsNoQuorumEither) {
  test_bed();
  live.nodes.edit(NodeId(4)).standing = Online{.incarnation = 0, .member_since = Epoch(7)};
  const auto story = ask({"cut node1"});

  EXPECT_FALSE(story.quorate);
  EXPECT_EQ(who(story, Fate::down), (Names{"x0", "x4"}));
}

TEST_F(WhatIfTest, TheStateThatIsGivenStaysAsItIs) {
  test_bed();
  const State before = live;
  ask({"cut node2"});
  EXPECT_EQ(live, before);
}

TEST_F(WhatIfTest, TheSameQuestionHasTheSameAnswer) {
  test_bed();
  EXPECT_EQ(ask({"cut node2"}).log, ask({"cut node2"}).log);
}

TEST_F(WhatIfTest, NonsenseIsRefusedInASentence) {
  test_bed();
  EXPECT_TRUE(refuses({"cut node9"}).contains("there is no node 'node9'"))
      << refuses({"cut node9"});
  EXPECT_TRUE(refuses({"explode node1"}).contains("'explode node1' is no command"));
  EXPECT_TRUE(refuses({}).contains("ask with one to 100 commands"));
}

TEST_F(WhatIfTest, AClusterWithoutAMajorityIsNotPlayed) {
  test_bed();
  for (const std::uint32_t id : {1U, 2U}) live.nodes.edit(NodeId(id)).standing = Lost{10ms};
  EXPECT_TRUE(refuses({"cut node3"}).contains("no majority is online")) << refuses({"cut node3"});
}

TEST(FullCommand, LeavesOtherCommandsAsTheyAre) {
  EXPECT_EQ(full_command("cut node2"), "power node2 cut");
  EXPECT_EQ(full_command(" on  node2 "), "power node2 on");
  EXPECT_EQ(full_command("drain node2"), "drain node2");
  EXPECT_EQ(full_command("cut node2 now"), "cut node2 now");
  EXPECT_EQ(full_command("cut"), "cut");
}

}  // namespace
}  // namespace upbeat
