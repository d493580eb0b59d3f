// SPDX-License-Identifier: Apache-2.0
// The twin over many seeds: what the contract promises holds in every storm, and a seed repeats.
#include "engine/simulated_network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "engine/engine_contract.h"
#include "engine/simulated_engine.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

class Recorder final : public EngineListener {
 public:
  explicit Recorder(Life& life) : life_(life) {}
  void on_view(const EngineView& view) override {
    life_.heard.push_back({.what = Heard::What::view, .view = view});
  }
  void on_message(NodeId from, const std::string& bytes) override {
    life_.heard.push_back({.what = Heard::What::message, .from = from, .text = bytes});
  }
  void on_engine_lost(const Error& why) override {
    life_.heard.push_back({.what = Heard::What::lost, .text = why.text});
  }

 private:
  Life& life_;
};

/// Five nodes through forty accidents, everybody sending.
class Storm {
 public:
  explicit Storm(std::uint64_t seed) : chance_(seed), network_(clock_, nodes(), {.seed = seed}) {
    for (std::uint32_t node = 1; node <= 5; ++node) start_daemon(node);
    clock_.advance(2s);
    for (int i = 0; i < 40; ++i) accident();
    network_.heal();
    for (std::uint32_t node = 1; node <= 5; ++node) {
      network_.start(NodeId(node));
      if (!daemons_.at(node).engine) start_daemon(node);
    }
    clock_.advance(20s);
  }

  [[nodiscard]] const std::vector<std::unique_ptr<Life>>& lives() const { return lives_; }
  [[nodiscard]] EngineView last_view(std::uint32_t node) const {
    EngineView last;
    for (const auto& heard : daemons_.at(node).life->heard) {
      if (heard.what != Heard::What::message) last = heard.view;
    }
    return last;
  }

  /// All that everybody heard, as one text.
  [[nodiscard]] std::string story() const {
    std::string story;
    for (const auto& life : lives_) {
      for (const auto& heard : life->heard) {
        story += std::to_string(life->node.get()) + " " + heard.text + " " +
                 std::to_string(heard.view.ring.sequence) + "." +
                 std::to_string(heard.view.members.size()) + "\n";
      }
    }
    return story;
  }

 private:
  struct Daemon {
    Life* life = nullptr;
    std::unique_ptr<Recorder> recorder;
    std::unique_ptr<SimulatedEngine> engine;
  };

  static std::vector<ConfiguredNode> nodes() {
    std::vector<ConfiguredNode> nodes;
    for (std::uint32_t node = 1; node <= 5; ++node) {
      nodes.push_back({NodeId(node), "node" + std::to_string(node)});
    }
    return nodes;
  }

  void start_daemon(std::uint32_t node) {
    lives_.push_back(std::make_unique<Life>(Life{NodeId(node), {}}));
    Daemon& daemon = daemons_.at(node);
    daemon.life = lives_.back().get();
    daemon.recorder = std::make_unique<Recorder>(*daemon.life);
    daemon.engine = std::make_unique<SimulatedEngine>(network_, NodeId(node));
    daemon.engine->start(*daemon.recorder);
  }

  void accident() {
    const auto node = static_cast<std::uint32_t>(1 + chance_.below(5));
    switch (chance_.below(6)) {
      case 0: {
        std::vector<std::vector<NodeId>> sets(2);
        for (std::uint32_t one = 1; one <= 5; ++one) sets[chance_.below(2)].emplace_back(one);
        network_.partition(sets);
        break;
      }
      case 1:
        network_.heal();
        break;
      case 2:
        network_.crash(NodeId(node));
        break;
      case 3:
        network_.start(NodeId(node));
        break;
      case 4:
        daemons_.at(node).engine.reset();
        break;
      default:
        if (!daemons_.at(node).engine) start_daemon(node);
    }
    for (std::uint64_t i = chance_.below(30); i > 0; --i) {
      Daemon& sender = daemons_.at(1 + chance_.below(5));
      if (sender.engine && sender.engine->send(std::to_string(sent_))) ++sent_;
      clock_.advance(std::chrono::microseconds(chance_.below(1000)));
    }
    if (chance_.below(2) == 0) clock_.advance(std::chrono::milliseconds(chance_.below(4000)));
  }

  Prng chance_;
  SimulatedClock clock_;
  SimulatedNetwork network_;
  int sent_ = 0;
  std::vector<std::unique_ptr<Life>> lives_;
  std::array<Daemon, 6> daemons_;
};

TEST(SimulatedNetwork, KeepsItsPromisesInEveryStormAndEndsInOneView) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Storm storm(seed);

    for (const auto& promise : broken_promises(storm.lives())) ADD_FAILURE() << promise;
    const EngineView last = storm.last_view(1);
    EXPECT_EQ(last.members.size(), 5U);
    EXPECT_TRUE(last.quorate);
    for (std::uint32_t node = 2; node <= 5; ++node) {
      EXPECT_EQ(storm.last_view(node), last) << "node " << node;
    }
    if (testing::Test::HasFailure()) return;
  }
}

TEST(SimulatedNetwork, TellsTheSameStoryForTheSameSeed) {
  EXPECT_EQ(Storm(7).story(), Storm(7).story());
  EXPECT_NE(Storm(7).story(), Storm(8).story());
}

TEST(SimulatedNetwork, LosesWhatACrashedSenderHadNotGotAwayInSomeSeeds) {
  int delivered = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SimulatedClock clock;
    SimulatedNetwork network(clock, {{NodeId(1), "node1"}, {NodeId(2), "node2"}}, {.seed = seed});
    Life life1{NodeId(1), {}};
    Life life2{NodeId(2), {}};
    Recorder recorder1(life1);
    Recorder recorder2(life2);
    SimulatedEngine engine1(network, NodeId(1));
    SimulatedEngine engine2(network, NodeId(2));
    engine1.start(recorder1);
    engine2.start(recorder2);
    clock.advance(1s);
    ASSERT_TRUE(engine1.send("last words"));
    clock.advance(300us);
    network.crash(NodeId(1));
    clock.advance(5s);
    delivered += static_cast<int>(std::ranges::count(life2.heard, "last words", &Heard::text));
  }
  EXPECT_GT(delivered, 0);
  EXPECT_LT(delivered, 50);
}

}  // namespace
}  // namespace upbeat
