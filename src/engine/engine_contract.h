// SPDX-License-Identifier: Apache-2.0
// For tests: a cluster of three nodes as the engine's contract test wants it, real or simulated.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ports/engine.h"

namespace upbeat {

/// One call of an EngineListener.
struct Heard {
  enum class What { view, message, lost };
  What what{};
  EngineView view;
  NodeId from;
  std::string text;  ///< the message's first `heard_limit_bytes`, or why the engine was lost
};
inline constexpr std::size_t heard_limit_bytes = 200;

/// Everything that one life of a daemon heard.
struct Life {
  NodeId node;
  std::vector<Heard> heard;
};

/// Nodes 1, 2 and 3, named node1 to node3. At the beginning all engines are up or coming up, in one
/// network, and no daemon runs. Their token is 1000 ms, their consensus timeout 1200 ms. A failure
/// of the world itself (not of the engine) throws.
class ContractWorld {
 public:
  ContractWorld() = default;
  ContractWorld(const ContractWorld&) = delete;
  ContractWorld& operator=(const ContractWorld&) = delete;
  virtual ~ContractWorld() = default;

  virtual void start_daemon(NodeId node) = 0;
  virtual void stop_daemon(NodeId node) = 0;
  virtual void crash_engine(NodeId node) = 0;
  virtual void start_engine(NodeId node) = 0;
  /// The engine's process gets no processor (SIGSTOP), and goes on (SIGCONT).
  virtual void stall_engine(NodeId node) = 0;
  virtual void let_engine_go_on(NodeId node) = 0;
  virtual void partition(const std::vector<std::vector<NodeId>>& sets) = 0;
  virtual void heal() = 0;

  virtual Result<void> send(NodeId node, const std::string& text) = 0;
  virtual Result<void> send_bytes(NodeId node, std::size_t count) = 0;
  /// Sends messages, no two the same, until one is refused or `count` are taken; says how many
  /// were.
  virtual std::size_t flood(NodeId node, std::size_t count, std::size_t bytes) = 0;
  virtual Result<NodeId> self(NodeId node) = 0;
  virtual Result<std::vector<ConfiguredNode>> configured_nodes(NodeId node) = 0;
  virtual Result<RingTiming> ring_timing(NodeId node) = 0;

  /// The present or last life of the node's daemon.
  [[nodiscard]] virtual const Life& life(NodeId node) const = 0;
  /// All lives, ended ones too.
  [[nodiscard]] virtual const std::vector<std::unique_ptr<Life>>& lives() const = 0;

  /// Lets time pass until `holds`; false when it did not in 20 s.
  virtual bool await(const std::function<bool()>& holds) = 0;
};

using MakeWorld = std::unique_ptr<ContractWorld> (*)(std::uint64_t seed);
std::unique_ptr<ContractWorld> make_simulated_world(std::uint64_t seed);
/// Needs root. The Corosyncs stay for the next world of this process.
std::unique_ptr<ContractWorld> make_corosync_world(std::uint64_t seed);

/// What must hold of any lives of one cluster, as long as nobody sends the same text twice; says
/// what does not hold, one line each.
///
/// * Views are sorted, hold their own node, and hold no member on a node that is not there.
/// * Nothing is heard before the first view.
/// * A ring with a number higher than before follows, never a lower one.
/// * Two that had the same view have its common messages in the same order.
/// * Two that went from one view together to the next had the same messages in between, and
///   neither had a view in between that the other had not.
std::vector<std::string> broken_promises(const std::vector<std::unique_ptr<Life>>& lives);

}  // namespace upbeat
