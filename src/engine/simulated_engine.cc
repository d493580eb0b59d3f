// SPDX-License-Identifier: Apache-2.0
// The twin of the cluster engine: one daemon's share of a SimulatedNetwork.
#include "engine/simulated_engine.h"

#include <utility>

namespace upbeat {

SimulatedEngine::~SimulatedEngine() {
  if (started_) network_.detach(node_);
}

void SimulatedEngine::start(EngineListener& listener) {
  started_ = true;
  network_.attach(node_, listener);
}

Result<void> SimulatedEngine::send(std::string bytes) {
  return network_.send(node_, std::move(bytes));
}

Result<NodeId> SimulatedEngine::self() {
  if (network_.runs(node_)) return node_;
  return std::unexpected(SimulatedNetwork::engine_is_down());
}

Result<std::vector<ConfiguredNode>> SimulatedEngine::configured_nodes() {
  if (network_.runs(node_)) return network_.configured();
  return std::unexpected(SimulatedNetwork::engine_is_down());
}

Result<RingTiming> SimulatedEngine::ring_timing() {
  if (network_.runs(node_)) return network_.timing();
  return std::unexpected(SimulatedNetwork::engine_is_down());
}

}  // namespace upbeat
