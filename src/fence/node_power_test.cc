// SPDX-License-Identifier: Apache-2.0
// A node with several devices, retries and their limits, and an end when told so.
#include "fence/node_power.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <optional>

#include "base/fd.h"
#include "clock/asio_clock.h"
#include "fence/agent_fencer.h"
#include "fence/test_agent.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

const Result<PowerState> proved_off = PowerState::off;

class OneNode : public testing::Test {
 protected:
  OneNode() {
    agent.set("a", PowerState::on);
    agent.set("b", PowerState::on);
    first.retries = 0;
    second.retries = 0;
  }
  Result<PowerState> act(PowerAction action) {
    return bare(act_on_node({first, second}, "node1", action, -1));
  }
  /// What the proof says; empty if there is none.
  [[nodiscard]] std::string proof() const {
    const auto answer = act_on_node({first, second}, "node1", PowerAction::off, -1);
    return answer && *answer == PowerState::off ? answer->told_by : "";
  }

  TestAgent agent;
  SilentDevices silent;
  FenceDevice first = agent.device("node1", "a");
  FenceDevice second = agent.device("node1", "b");
};

TEST_F(OneNode, IsOffOnlyWhenBothItsSuppliesAre) {
  agent.break_plug("b", "unreachable");

  const auto half = act(PowerAction::off);
  agent.break_plug("b", "", 0);
  const auto whole = act(PowerAction::off);

  ASSERT_FALSE(half);
  EXPECT_THAT(half.error().text, HasSubstr("cannot prove node1 off: fence device 'strip-b'"));
  EXPECT_EQ(whole, proved_off);
}

TEST_F(OneNode, IsOnWhileOneSupplyIs) {
  agent.set("a", PowerState::off);

  EXPECT_EQ(act(PowerAction::status), Result<PowerState>(PowerState::on));
}

TEST_F(OneNode, IsFencedByTheNextLevelWhenTheFirstFails) {
  second.level = 2;
  agent.break_plug("a", "unreachable");

  EXPECT_EQ(act(PowerAction::off), proved_off);
  EXPECT_EQ(agent.state("a"), PowerState::on);
  EXPECT_EQ(agent.state("b"), PowerState::off);
}

TEST_F(OneNode, LeavesTheNextLevelAloneWhenTheFirstProves) {
  second.level = 2;

  EXPECT_EQ(act(PowerAction::off), proved_off);
  EXPECT_EQ(agent.state("b"), PowerState::on);
}

TEST_F(OneNode, IsProvedOffByTheStripWhenItsBoardDiedWithIt) {
  second.level = 2;
  agent.break_plug("a", "unreachable");
  agent.set("b", PowerState::off);

  EXPECT_THAT(proof(), AllOf(HasSubstr("strip-b says that outlet b is off; no proof came from: "),
                             HasSubstr("strip-a"), HasSubstr("Connection timed out")));
}

TEST_F(OneNode, AsksTheNextLevelBeforeItTriesTheFirstAgain) {
  second.level = 2;
  first.retries = 3;
  agent.break_plug("a", "unreachable");

  EXPECT_EQ(act(PowerAction::off), proved_off);

  EXPECT_EQ(agent.read("runs.a"), "off\n");
}

TEST_F(OneNode, TriesAllLevelsAgainWhenNoneGaveAProof) {
  second.level = 2;
  first.retries = 1;
  second.retries = 1;
  agent.break_plug("a", "unreachable");
  agent.break_plug("b", "unreachable", 2);

  EXPECT_EQ(act(PowerAction::off), proved_off);

  EXPECT_EQ(agent.read("runs.a"), "off\noff\nstatus\n");
}

TEST_F(OneNode, WaitsForASlowBoardOnlySoLongWhenTheStripIsBehindIt) {
  second.level = 2;
  agent.break_plug("a", "slow");
  const auto before = std::chrono::steady_clock::now();

  EXPECT_EQ(act(PowerAction::off), proved_off);

  EXPECT_LT(std::chrono::steady_clock::now() - before, first.timeout);
}

TEST_F(OneNode, WithTwoOutletsOnOneStripIsOffOnlyWhenBothAre) {
  first.plugs["node1"] = {"a", "b"};
  first.name = "strip";
  agent.break_plug("b", "lying");

  const auto half = act_on_node({first}, "node1", PowerAction::off, -1);
  agent.set("a", PowerState::on);
  agent.break_plug("b", "", 0);
  const auto whole = act_on_node({first}, "node1", PowerAction::off, -1);

  ASSERT_FALSE(half);
  EXPECT_THAT(half.error().text, HasSubstr("its status says on"));
  EXPECT_THAT(half.error().text, HasSubstr("(strip says that outlet a is off)"));
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->told_by, "strip says that outlet a is off, strip says that outlet b is off");
  EXPECT_EQ(agent.state("a"), PowerState::off);
  EXPECT_EQ(agent.state("b"), PowerState::off);
}

TEST_F(OneNode, IsNotProvedOffByOneOfTwoSuppliesButByTheLevelBehind) {
  FenceDevice third = agent.device("node1", "c");
  agent.set("c", PowerState::on);
  third.level = 2;
  agent.break_plug("a", "unreachable");

  const auto answer = act_on_node({first, second, third}, "node1", PowerAction::off, -1);

  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_THAT(answer->told_by, HasSubstr("strip-c says that outlet c is off; no proof came from"));
  EXPECT_THAT(answer->told_by, HasSubstr("(strip-b says that outlet b is off)"));
}

TEST_F(OneNode, GetsItsPowerBackOnAllLevels) {
  second.level = 2;
  agent.set("a", PowerState::off);
  agent.set("b", PowerState::off);

  EXPECT_EQ(act(PowerAction::on), Result<PowerState>(PowerState::on));
  EXPECT_EQ(agent.state("a"), PowerState::on);
  EXPECT_EQ(agent.state("b"), PowerState::on);
}

TEST_F(OneNode, TellsWhatEveryLevelSaid) {
  second.level = 2;
  agent.break_plug("a", "unreachable");
  agent.break_plug("b", "lying");

  const auto failed = act(PowerAction::off);

  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().text, HasSubstr("Connection timed out"));
  EXPECT_THAT(failed.error().text, HasSubstr(" | fence device 'strip-b'"));
  EXPECT_THAT(failed.error().text, HasSubstr("says that it switched off, but its status says on"));
}

TEST_F(OneNode, IsTriedNoMoreOftenThanTheConfigurationSays) {
  first.retries = 2;
  agent.break_plug("a", "unreachable");

  EXPECT_FALSE(act_on_node({first}, "node1", PowerAction::status, -1));

  EXPECT_EQ(agent.read("runs.a"), "status\nstatus\nstatus\n");
}

TEST_F(OneNode, IsProvedOffByStatusThoughTheSwitchingFailed) {
  agent.set("a", PowerState::off);
  agent.break_plug("a", "unreachable", 1);

  EXPECT_EQ(bare(act_on_node({first}, "node1", PowerAction::off, -1)), proved_off);
}

TEST_F(OneNode, IsNotProvedOffByAPlugThatTheDeviceDoesNotList) {
  agent.set("a", PowerState::off);
  agent.write("list", "1,front\n2,ab\n");

  for (const auto action : {PowerAction::off, PowerAction::status}) {
    const auto proof = act_on_node({first}, "node1", action, -1);

    ASSERT_FALSE(proof);
    EXPECT_THAT(proof.error().text,
                HasSubstr("says that plug 'a' is off, but does not list such a plug"));
  }
}

TEST_F(OneNode, IsProvedOffByAPlugThatTheDeviceListsInItsOwnWay) {
  agent.set("a", PowerState::off);

  for (const char* list : {"A,front\n", "1,a\n", "2:a,front\n", "NOTICE: not on this device\n"}) {
    agent.write("list", list);
    EXPECT_EQ(bare(act_on_node({first}, "node1", PowerAction::off, -1)), proved_off) << list;
  }
}

TEST_F(OneNode, NamesTheSecretFileThatCannotBeRead) {
  first.options["password_file"] = "/nowhere/secret";

  EXPECT_THAT(act(PowerAction::off).error().text,
              HasSubstr("fence device 'strip-a': cannot read the file /nowhere/secret"));
}

TEST_F(OneNode, IsLeftAtOnceWhenToldToStop) {
  agent.break_plug("a", "slow");
  const Fd stop(::eventfd(1, EFD_CLOEXEC));
  const auto before = std::chrono::steady_clock::now();

  EXPECT_FALSE(act_on_node({first}, "node1", PowerAction::off, stop.get()));

  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
}

TEST_F(OneNode, DoesNotHoldUpTheDaemonsEnd) {
  // Reading a named pipe waits for the agent to write into it.
  ASSERT_EQ(::mkfifo((agent.directory + "/runs.a").c_str(), 0600), 0);
  agent.break_plug("a", "slow");
  boost::asio::io_context io;
  AsioClock clock(io);
  bool called = false;
  const auto before = std::chrono::steady_clock::now();
  {
    AgentFencer fencer(clock, {first});
    fencer.act("node1", PowerAction::off, [&](auto) { called = true; });
    fencer.act("node1", PowerAction::on, [&](auto) { called = true; });
    EXPECT_EQ(agent.read("runs.a"), "off\n") << "the agent is not under way";
  }
  io.run();

  EXPECT_FALSE(called);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 10s);
}

TEST_F(OneNode, IsProbedThroughAllDevicesOfAllLevels) {
  second.level = 2;
  agent.set("b", PowerState::off);

  const auto seen = probe_node({first, second}, {.node = "node1"}, silent);

  EXPECT_EQ(seen, (std::vector<OutletSeen>{{"strip-a", 1, "a", PowerState::on},
                                           {"strip-b", 2, "b", PowerState::off}}));
  EXPECT_EQ(agent.state("a"), PowerState::on);
}

TEST_F(OneNode, IsProbedTwiceAndNoMoreByADeviceThatDoesNotAnswer) {
  first.retries = 5;
  agent.break_plug("a", "unreachable");

  const auto seen = probe_node({first}, {.node = "node1"}, silent);

  ASSERT_EQ(seen.size(), 1U);
  EXPECT_THAT(seen.front().state.error().text, HasSubstr("Connection timed out"));
  EXPECT_EQ(agent.read("runs.a"), "status\nstatus\n");
}

TEST_F(OneNode, IsNotProbedByADeviceThatLetTheTimeRunOutSinceItWasAsked) {
  first.timeout = 3500ms;
  agent.break_plug("a", "slow");
  const Probe earlier{.node = "node1"};

  const auto slow = probe_node({first}, {.node = "node1"}, silent);
  const auto waited = probe_node({first}, earlier, silent);
  agent.break_plug("a", "", 0);
  const auto anew = probe_node({first}, {.node = "node1"}, silent);

  ASSERT_FALSE(slow.front().state);
  EXPECT_EQ(waited, slow);
  EXPECT_EQ(anew.front().state, Result<PowerState>(PowerState::on));
  EXPECT_EQ(agent.read("runs.a"), "status\nstatus\n") << "asked once when slow, once anew";
}

TEST_F(OneNode, IsFencedAtOnceThoughItsDeviceIsBeingProbed) {
  ASSERT_EQ(::mkfifo((agent.directory + "/runs.a").c_str(), 0600), 0);
  agent.break_plug("a", "slow", 1);
  boost::asio::io_context io;
  AsioClock clock(io);
  std::vector<OutletSeen> seen;
  std::optional<Result<PowerState>> fenced;
  AgentFencer fencer(clock, {first});
  const auto before = std::chrono::steady_clock::now();

  fencer.probe("node1", [&](auto devices) { seen = std::move(devices); });
  EXPECT_EQ(agent.read("runs.a"), "status\n") << "the probe is not under way";
  std::filesystem::remove(agent.directory + "/runs.a");
  fencer.act("node1", PowerAction::off, [&](const auto& told) { fenced = bare(told); });
  const auto work = boost::asio::make_work_guard(io);
  while (!fenced || seen.empty()) io.run_one();

  EXPECT_EQ(*fenced, proved_off);
  ASSERT_EQ(seen.size(), 1U);
  ASSERT_FALSE(seen.front().state);
  EXPECT_THAT(seen.front().state.error().text, HasSubstr("it is needed to fence a node"));
  EXPECT_LT(std::chrono::steady_clock::now() - before, 20s);
}

TEST_F(OneNode, RefusesCallsPastTheLimitAndAnswersAllOthers) {
  boost::asio::io_context io;
  AsioClock clock(io);
  std::size_t refused = 0;
  std::size_t answered = 0;
  AgentFencer fencer(clock, {first});
  const auto calls = fence_queue_limit + fence_worker_limit + 10;

  for (std::size_t call = 0; call < calls; ++call) {
    fencer.act("node1", PowerAction::status, [&](auto state) {
      ++answered;
      if (!state) ++refused;
    });
  }
  const auto work = boost::asio::make_work_guard(io);
  while (answered < calls) io.run_one();

  EXPECT_GE(refused, 10U);
  EXPECT_LE(refused, 10U + fence_worker_limit);
}

}  // namespace
}  // namespace upbeat
