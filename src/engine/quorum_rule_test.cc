// SPDX-License-Identifier: Apache-2.0
// The twin's quorum without a majority: never two parts with a quorum device, and of two nodes none
// that has not seen the other.
#include <gtest/gtest.h>

#include <memory>

#include "engine/simulated_engine.h"
#include "engine/simulated_network.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

class LastView final : public EngineListener {
 public:
  void on_view(const EngineView& view) override { last = view; }
  void on_message(NodeId /*from*/, const std::string& /*bytes*/) override {}
  void on_engine_lost(const Error& /*why*/) override { last = {}; }
  EngineView last;
};

/// Nodes with a daemon each that only looks.
class Nodes {
 public:
  Nodes(std::uint32_t count, QuorumRule rule)
      : network_(clock_, named(count), {.seed = 3, .quorum = rule}), views_(count) {
    for (std::uint32_t id = 1; id <= count; ++id) {
      engines_.push_back(std::make_unique<SimulatedEngine>(network_, NodeId(id)));
      engines_.back()->start(views_[id - 1]);
    }
    clock_.advance(10s);
  }
  [[nodiscard]] bool quorate(std::uint32_t id) const { return views_[id - 1].last.quorate; }
  void pass() { clock_.advance(10s); }
  SimulatedNetwork& network() { return network_; }

 private:
  static std::vector<ConfiguredNode> named(std::uint32_t count) {
    std::vector<ConfiguredNode> nodes;
    for (std::uint32_t id = 1; id <= count; ++id) nodes.push_back({NodeId(id), "node"});
    return nodes;
  }

  SimulatedClock clock_;
  SimulatedNetwork network_;
  std::vector<LastView> views_;
  std::vector<std::unique_ptr<SimulatedEngine>> engines_;
};

TEST(TwoNodeQuorum, IsWithBothWhenTheyAreCutOff) {
  Nodes nodes(2, QuorumRule::two_node);

  nodes.network().partition({{NodeId(1)}});
  nodes.pass();

  EXPECT_TRUE(nodes.quorate(1));
  EXPECT_TRUE(nodes.quorate(2));
}

TEST(TwoNodeQuorum, IsNotWithOneThatBootsAlone) {
  Nodes nodes(2, QuorumRule::two_node);
  nodes.network().crash(NodeId(1));
  nodes.network().crash(NodeId(2));
  nodes.pass();

  nodes.network().start(NodeId(2));
  nodes.pass();
  EXPECT_FALSE(nodes.quorate(2));
  nodes.network().start(NodeId(1));
  nodes.pass();

  EXPECT_TRUE(nodes.quorate(2));
}

TEST(MajorityQuorum, IsWithNoHalf) {
  Nodes nodes(2, QuorumRule::majority);

  nodes.network().partition({{NodeId(1)}});
  nodes.pass();

  EXPECT_FALSE(nodes.quorate(1) || nodes.quorate(2));
}

TEST(ArbitersQuorum, IsWithOneHalfOnly) {
  Nodes nodes(4, QuorumRule::qdevice);

  nodes.network().partition({{NodeId(1), NodeId(4)}});
  nodes.pass();

  EXPECT_TRUE(nodes.quorate(1) && nodes.quorate(4));
  EXPECT_FALSE(nodes.quorate(2) || nodes.quorate(3));
}

TEST(ArbitersQuorum, GoesToTheOtherHalfWhenTheFirstDiesOrDoesNotHearIt) {
  Nodes nodes(2, QuorumRule::qdevice);

  nodes.network().partition({{NodeId(1)}});
  nodes.network().set_arbiter_heard(NodeId(1), false);
  nodes.pass();
  EXPECT_FALSE(nodes.quorate(1));
  EXPECT_TRUE(nodes.quorate(2));
  nodes.network().set_arbiter_heard(NodeId(1), true);
  nodes.pass();
  EXPECT_TRUE(nodes.quorate(1));
  EXPECT_FALSE(nodes.quorate(2));
  nodes.network().crash(NodeId(1));
  nodes.pass();

  EXPECT_TRUE(nodes.quorate(2));
}

}  // namespace
}  // namespace upbeat
