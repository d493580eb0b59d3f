// SPDX-License-Identifier: Apache-2.0
// One contract for fencing, run against real agents and against the simulated power strip.
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

#include "clock/asio_clock.h"
#include "clock/simulated_clock.h"
#include "fence/agent_fencer.h"
#include "fence/simulated_fencer.h"
#include "fence/test_agent.h"

namespace upbeat {
namespace {

/// Two nodes, node1 and node2, on a power strip; and a fencer.
struct World {
  World() = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  virtual ~World() = default;
  virtual Fencer& fencer() = 0;
  /// Lets the loop run until `ready` says so.
  virtual void run_until(const std::function<bool()>& ready) = 0;
  virtual void set(const std::string& node, PowerState state) = 0;
  virtual PowerState state(const std::string& node) = 0;
  virtual void break_outlet(const std::string& node, OutletFault fault, int attempts) = 0;
};

constexpr int for_good = 1000;

class RealWorld final : public World {
 public:
  RealWorld() : fencer_(clock_, {agent_.device("node1", "1"), agent_.device("node2", "2")}) {
    agent_.set("1", PowerState::on);
    agent_.set("2", PowerState::on);
  }
  Fencer& fencer() override { return fencer_; }
  void run_until(const std::function<bool()>& ready) override {
    while (!ready()) io_.run_one();
  }
  void set(const std::string& node, PowerState state) override { agent_.set(plug(node), state); }
  PowerState state(const std::string& node) override { return agent_.state(plug(node)); }
  void break_outlet(const std::string& node, OutletFault fault, int attempts) override {
    // An attempt at switching is two runs of the agent; of these a lie concerns one.
    switch (fault) {
      case OutletFault::unreachable:
        return agent_.break_plug(plug(node), "unreachable", 2 * attempts);
      case OutletFault::garbage:
        return agent_.break_plug(plug(node), "garbage", 2 * attempts);
      case OutletFault::lying:
        return agent_.break_plug(plug(node), "lying", attempts);
      case OutletFault::none:
        return;
    }
  }

 private:
  static std::string plug(const std::string& node) { return node.substr(4); }

  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  AsioClock clock_{io_};
  TestAgent agent_;
  AgentFencer fencer_;
};

class SimulatedWorld final : public World {
 public:
  SimulatedWorld() {
    strip_.plug_in("node1");
    strip_.plug_in("node2");
  }
  Fencer& fencer() override { return fencer_; }
  void run_until(const std::function<bool()>& ready) override {
    while (!ready()) {
      if (!clock_.step()) throw std::runtime_error("nothing left to wait for");
    }
  }
  void set(const std::string& node, PowerState state) override { strip_.set(node, state); }
  PowerState state(const std::string& node) override { return strip_.state(node); }
  void break_outlet(const std::string& node, OutletFault fault, int attempts) override {
    strip_.break_outlet(node, fault, attempts);
  }

 private:
  SimulatedClock clock_;
  SimulatedPowerStrip strip_;
  SimulatedFencer fencer_{clock_, strip_};
};

template <class T>
class FencerContract : public testing::Test {
 protected:
  Result<PowerState> act(const std::string& node, PowerAction action) {
    std::optional<Result<PowerState>> answer;
    world.fencer().act(node, action, [&](const auto& told) { answer = bare(told); });
    world.run_until([&] { return answer.has_value(); });
    return *answer;
  }

  std::vector<OutletSeen> probe(const std::string& node) {
    std::optional<std::vector<OutletSeen>> seen;
    world.fencer().probe(node, [&](auto devices) { seen = devices; });
    world.run_until([&] { return seen.has_value(); });
    return *seen;
  }

  T world;
};

using Worlds = testing::Types<RealWorld, SimulatedWorld>;
TYPED_TEST_SUITE(FencerContract, Worlds);

TYPED_TEST(FencerContract, SwitchesANodeOffAndProvesIt) {
  const auto proof = this->act("node1", PowerAction::off);

  EXPECT_EQ(proof, Result<PowerState>(PowerState::off));
  EXPECT_EQ(this->world.state("node1"), PowerState::off);
  EXPECT_EQ(this->world.state("node2"), PowerState::on);
}

TYPED_TEST(FencerContract, SaysWhoGaveTheAnswer) {
  std::optional<std::string> told_by;
  for (const auto action : {PowerAction::status, PowerAction::off, PowerAction::on}) {
    told_by.reset();
    this->world.fencer().act("node1", action,
                             [&](const auto& answer) { told_by = answer->told_by; });
    this->world.run_until([&] { return told_by.has_value(); });
    EXPECT_TRUE(told_by->contains(action == PowerAction::off ? "off" : "on")) << *told_by;
  }
}

TYPED_TEST(FencerContract, CountsANodeThatWasOffAlready) {
  this->world.set("node1", PowerState::off);

  EXPECT_EQ(this->act("node1", PowerAction::off), Result<PowerState>(PowerState::off));
}

TYPED_TEST(FencerContract, TellsTheStatusAndChangesNothing) {
  this->world.set("node2", PowerState::off);

  EXPECT_EQ(this->act("node1", PowerAction::status), Result<PowerState>(PowerState::on));
  EXPECT_EQ(this->act("node2", PowerAction::status), Result<PowerState>(PowerState::off));
  EXPECT_EQ(this->world.state("node1"), PowerState::on);
}

TYPED_TEST(FencerContract, SwitchesANodeOn) {
  this->world.set("node1", PowerState::off);

  EXPECT_EQ(this->act("node1", PowerAction::on), Result<PowerState>(PowerState::on));
  EXPECT_EQ(this->world.state("node1"), PowerState::on);
}

TYPED_TEST(FencerContract, NamesANodeThatHasNoDevice) {
  const auto answer = this->act("node9", PowerAction::off);

  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().text.find("node9: no fence device has a plug for it"), std::string::npos)
      << answer.error().text;
}

TYPED_TEST(FencerContract, TakesNoLieForAProof) {
  this->world.break_outlet("node1", OutletFault::lying, for_good);

  EXPECT_FALSE(this->act("node1", PowerAction::off));
  EXPECT_EQ(this->world.state("node1"), PowerState::on);
}

TYPED_TEST(FencerContract, TriesAgainAfterOneLie) {
  this->world.break_outlet("node1", OutletFault::lying, 1);

  EXPECT_EQ(this->act("node1", PowerAction::off), Result<PowerState>(PowerState::off));
  EXPECT_EQ(this->world.state("node1"), PowerState::off);
}

TYPED_TEST(FencerContract, TriesAgainWhenTheDeviceDoesNotAnswerOnce) {
  this->world.break_outlet("node1", OutletFault::unreachable, 1);

  EXPECT_EQ(this->act("node1", PowerAction::off), Result<PowerState>(PowerState::off));
}

TYPED_TEST(FencerContract, GivesUpWhenTheDeviceDoesNotAnswerAtAll) {
  this->world.break_outlet("node1", OutletFault::unreachable, for_good);

  EXPECT_FALSE(this->act("node1", PowerAction::off));
}

TYPED_TEST(FencerContract, TakesNoNonsenseForAProof) {
  this->world.break_outlet("node1", OutletFault::garbage, for_good);

  EXPECT_FALSE(this->act("node1", PowerAction::status));
  EXPECT_FALSE(this->act("node1", PowerAction::off));
}

TYPED_TEST(FencerContract, CallsBackOnceAndNeverFromWithinTheCall) {
  int calls = 0;
  bool other_done = false;

  this->world.fencer().act("node1", PowerAction::status, [&](auto) { ++calls; });
  this->world.fencer().act("node9", PowerAction::status, [&](auto) { ++calls; });
  EXPECT_EQ(calls, 0);
  this->world.run_until([&] { return calls == 2; });
  this->world.fencer().act("node1", PowerAction::status, [&](auto) { other_done = true; });
  this->world.run_until([&] { return other_done; });

  EXPECT_EQ(calls, 2);
}

TYPED_TEST(FencerContract, TellsOfEachDeviceWhatItSaysAndSwitchesNothing) {
  this->world.set("node2", PowerState::off);

  const auto of_one = this->probe("node1");
  const auto of_other = this->probe("node2");

  ASSERT_EQ(of_one.size(), 1U);
  EXPECT_EQ(of_one.front().state, Result<PowerState>(PowerState::on));
  EXPECT_FALSE(of_one.front().device.empty());
  EXPECT_FALSE(of_one.front().plug.empty());
  ASSERT_EQ(of_other.size(), 1U);
  EXPECT_EQ(of_other.front().state, Result<PowerState>(PowerState::off));
  EXPECT_EQ(this->world.state("node1"), PowerState::on);
}

TYPED_TEST(FencerContract, TellsOfNoDeviceWhereThereIsNone) {
  EXPECT_TRUE(this->probe("node9").empty());
}

TYPED_TEST(FencerContract, ProbesADeviceThatDoesNotAnswerOnceAgain) {
  // A probe is one run of the real agent, a fault lasts for two.
  this->world.break_outlet("node1", OutletFault::unreachable, 1);
  this->probe("node1");

  EXPECT_EQ(this->probe("node1").front().state, Result<PowerState>(PowerState::on));
}

TYPED_TEST(FencerContract, TellsOfADeviceThatDoesNotAnswerWhy) {
  this->world.break_outlet("node1", OutletFault::unreachable, for_good);

  const auto seen = this->probe("node1");

  ASSERT_EQ(seen.size(), 1U);
  EXPECT_FALSE(seen.front().state);
  EXPECT_EQ(this->probe("node2").front().state, Result<PowerState>(PowerState::on));
}

TYPED_TEST(FencerContract, KeepsTheOrderOfCallsForOneNode) {
  std::vector<PowerState> seen;
  for (const auto action : {PowerAction::off, PowerAction::on, PowerAction::off}) {
    this->world.fencer().act("node1", action, [&](auto told) { seen.push_back(told->state); });
  }

  this->world.run_until([&] { return seen.size() == 3; });

  EXPECT_EQ(seen, (std::vector{PowerState::off, PowerState::on, PowerState::off}));
  EXPECT_EQ(this->world.state("node1"), PowerState::off);
}

}  // namespace
}  // namespace upbeat
