// SPDX-License-Identifier: Apache-2.0
// The twin of the cluster engine: one daemon's share of a SimulatedNetwork.
#pragma once

#include "engine/simulated_network.h"
#include "ports/engine.h"

namespace upbeat {

/// The engine of one daemon on a node of the network. Its life is the daemon's: destroying it is
/// the daemon's death, a new one is the next life. One a node at a time.
class SimulatedEngine final : public Engine {
 public:
  /// `network` outlives the engine.
  SimulatedEngine(SimulatedNetwork& network, NodeId node) : network_(network), node_(node) {}
  SimulatedEngine(const SimulatedEngine&) = delete;
  SimulatedEngine& operator=(const SimulatedEngine&) = delete;
  ~SimulatedEngine() override;

  void start(EngineListener& listener) override;
  [[nodiscard]] Result<void> send(std::string bytes) override;
  [[nodiscard]] Result<NodeId> self() override;
  [[nodiscard]] Result<std::vector<ConfiguredNode>> configured_nodes() override;
  [[nodiscard]] Result<RingTiming> ring_timing() override;

 private:
  SimulatedNetwork& network_;
  NodeId node_;
  bool started_ = false;
};

}  // namespace upbeat
