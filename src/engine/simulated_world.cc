// SPDX-License-Identifier: Apache-2.0
// For tests: the contract's cluster as the twin plays it.
#include <array>

#include "engine/engine_contract.h"
#include "engine/simulated_engine.h"

namespace upbeat {
namespace {

constexpr std::chrono::seconds patience{20};
constexpr std::chrono::milliseconds glance{1};  // looking after every step costs too much

std::string numbered(std::size_t number, std::size_t bytes) {
  std::string text = std::to_string(number);
  text.resize(bytes, '.');
  return text;
}

class Recorder final : public EngineListener {
 public:
  explicit Recorder(Life& life) : life_(life) {}
  void on_view(const EngineView& view) override {
    life_.heard.push_back({.what = Heard::What::view, .view = view});
  }
  void on_message(NodeId from, const std::string& bytes) override {
    life_.heard.push_back(
        {.what = Heard::What::message, .from = from, .text = bytes.substr(0, heard_limit_bytes)});
  }
  void on_engine_lost(const Error& why) override {
    life_.heard.push_back({.what = Heard::What::lost, .text = why.text});
  }

 private:
  Life& life_;
};

class SimulatedWorld final : public ContractWorld {
 public:
  explicit SimulatedWorld(std::uint64_t seed)
      : network_(clock_, {{NodeId(1), "node1"}, {NodeId(2), "node2"}, {NodeId(3), "node3"}},
                 {.seed = seed}) {}

  void start_daemon(NodeId node) override {
    lives_.push_back(std::make_unique<Life>(Life{node, {}}));
    Daemon& daemon = daemons_.at(node.get());
    daemon.life = lives_.back().get();
    daemon.recorder = std::make_unique<Recorder>(*daemon.life);
    daemon.engine = std::make_unique<SimulatedEngine>(network_, node);
    daemon.engine->start(*daemon.recorder);
  }
  void stop_daemon(NodeId node) override { daemons_.at(node.get()).engine.reset(); }
  void crash_engine(NodeId node) override { network_.crash(node); }
  void start_engine(NodeId node) override { network_.start(node); }
  void stall_engine(NodeId node) override { network_.stand_still(node); }
  void let_engine_go_on(NodeId node) override { network_.go_on(node); }
  void partition(const std::vector<std::vector<NodeId>>& sets) override {
    network_.partition(sets);
  }
  void heal() override { network_.heal(); }

  Result<void> send(NodeId node, const std::string& text) override {
    return engine(node).send(text);
  }
  Result<void> send_bytes(NodeId node, std::size_t count) override {
    return engine(node).send(std::string(count, 'x'));
  }
  std::size_t flood(NodeId node, std::size_t count, std::size_t bytes) override {
    std::size_t taken = 0;
    while (taken < count && engine(node).send(numbered(taken, bytes))) ++taken;
    return taken;
  }
  Result<NodeId> self(NodeId node) override { return engine(node).self(); }
  Result<std::vector<ConfiguredNode>> configured_nodes(NodeId node) override {
    return engine(node).configured_nodes();
  }
  Result<RingTiming> ring_timing(NodeId node) override { return engine(node).ring_timing(); }

  [[nodiscard]] const Life& life(NodeId node) const override {
    return *daemons_.at(node.get()).life;
  }
  [[nodiscard]] const std::vector<std::unique_ptr<Life>>& lives() const override { return lives_; }

  bool await(const std::function<bool()>& holds) override {
    const auto until = clock_.now() + patience;
    while (!holds()) {
      if (clock_.now() > until) return false;
      clock_.advance(glance);
    }
    return true;
  }

 private:
  struct Daemon {
    Life* life = nullptr;
    std::unique_ptr<Recorder> recorder;
    std::unique_ptr<SimulatedEngine> engine;
  };

  SimulatedEngine& engine(NodeId node) { return *daemons_.at(node.get()).engine; }

  SimulatedClock clock_;
  SimulatedNetwork network_;
  std::vector<std::unique_ptr<Life>> lives_;
  std::array<Daemon, 4> daemons_;
};

}  // namespace

std::unique_ptr<ContractWorld> make_simulated_world(std::uint64_t seed) {
  return std::make_unique<SimulatedWorld>(seed);
}

}  // namespace upbeat
