// SPDX-License-Identifier: Apache-2.0
// The twin of a cluster of Corosyncs: nodes, cables and rings in virtual time, all from one seed.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/prng.h"
#include "clock/simulated_clock.h"
#include "ports/engine.h"

namespace upbeat {

/// From the shortest to the longest; each time a new draw.
struct DelayRange {
  std::chrono::nanoseconds shortest{0};
  std::chrono::nanoseconds longest{0};
};

/// When nodes have quorum (Corosync: votequorum(5)).
enum class QuorumRule : std::uint8_t {
  majority,  ///< more than half of the configured nodes
  two_node,  ///< of two also one, if it has seen the other since its engine began (wait_for_all)
  qdevice,   ///< of an even number also one half: the one that an arbiter gives its vote
};

/// The defaults are what three Corosyncs with a token of 1000 ms do on one machine; `timing` is
/// what they then say of it.
struct SimulatedNetworkOptions {
  std::uint64_t seed = 1;
  QuorumRule quorum = QuorumRule::majority;
  DelayRange ordering{std::chrono::microseconds(50), std::chrono::microseconds(500)};
  DelayRange delivery{std::chrono::microseconds(50), std::chrono::microseconds(1500)};
  DelayRange daemon_change{std::chrono::milliseconds(1), std::chrono::milliseconds(10)};
  DelayRange loss_detection{std::chrono::milliseconds(2100), std::chrono::milliseconds(2300)};
  DelayRange forming{std::chrono::milliseconds(1), std::chrono::milliseconds(100)};
  RingTiming timing{.token = std::chrono::milliseconds(1000),
                    .consensus = std::chrono::milliseconds(1200)};
  DelayRange merge{std::chrono::milliseconds(800), std::chrono::milliseconds(2200)};
  DelayRange boot{std::chrono::milliseconds(300), std::chrono::milliseconds(600)};
  DelayRange vote{std::chrono::milliseconds(200), std::chrono::milliseconds(600)};
  DelayRange reconnect{std::chrono::milliseconds(1), std::chrono::milliseconds(engine_retry_ms)};
};

/// Nodes that are all up and in one network at the beginning, before any ring. Single-threaded;
/// everything happens in the clock's turns; the verbs are not for an EngineListener's calls.
/// Extended virtual synchrony as Totem gives it:
///
/// * A ring has one log. Every node of it takes the log's entries in order, in its own time.
/// * When nodes of a ring are out of reach, nothing new is ordered; what was ordered may be on the
///   way to some. When the loss is noticed, those that go together to a new ring first take the
///   same entries of the old one: all that one of them has taken, all of their own, and of each
///   absent sender a part that chance decides.
/// * Nodes that come to a ring without having had one in between, while others of their last ring
///   had, have missed something: their daemons get new incarnations.
/// * A message that is not ordered yet when the ring goes is ordered in the next one.
class SimulatedNetwork {
 public:
  SimulatedNetwork(SimulatedClock& clock, std::vector<ConfiguredNode> nodes,
                   SimulatedNetworkOptions options = {});
  SimulatedNetwork(const SimulatedNetwork&) = delete;
  SimulatedNetwork& operator=(const SimulatedNetwork&) = delete;
  ~SimulatedNetwork();

  /// Nodes of different sets do not hear each other; nodes that no set names form one more.
  void partition(const std::vector<std::vector<NodeId>>& sets);
  void heal();
  /// Whether the node hears the arbiter of QuorumRule::qdevice.
  void set_arbiter_heard(NodeId node, bool heard);
  /// Messages from the node, and to it, take so much longer from now on.
  void set_latency(NodeId node, std::chrono::nanoseconds latency);
  /// The node's engine stands still, as a process that gets no processor: it takes nothing and
  /// orders nothing, and the others miss it. What its daemon sends waits.
  void stand_still(NodeId node);
  /// It goes on as if nothing had been. Where the others have formed a ring without it meanwhile,
  /// chance decides whether it comes to their token of the old ring before it looks at the clock:
  /// then it orders what waits, and its daemon, but nobody else, gets it, as one more of the old
  /// ring.
  void go_on(NodeId node);
  /// The node's engine is gone at once. Its daemon, if it still lives, is told that.
  void crash(NodeId node);
  /// A crashed node's engine comes back, alone at first. Its daemon, if there is one, rejoins.
  void start(NodeId node);

 private:
  friend class SimulatedEngine;

  struct Entry;
  struct Ring;
  struct Daemon;
  struct Node;

  // What SimulatedEngine does.
  void attach(NodeId node, EngineListener& listener);
  void detach(NodeId node);
  [[nodiscard]] Result<void> send(NodeId node, std::string bytes);
  [[nodiscard]] bool runs(NodeId node) const;
  [[nodiscard]] static Error engine_is_down();
  [[nodiscard]] const std::vector<ConfiguredNode>& configured() const { return configured_; }
  [[nodiscard]] RingTiming timing() const { return options_.timing; }

  void join_group(NodeId node);
  void reach_changed();
  [[nodiscard]] bool hear_each_other(const Ring& ring) const;
  [[nodiscard]] bool is_quorate(const Ring& ring) const;
  [[nodiscard]] bool has_vote(const Ring& ring) const;
  void ask_for_votes();
  void form_rings();
  void form_ring_of(std::size_t part);
  void form_ring(const std::vector<NodeId>& nodes);
  [[nodiscard]] bool went_on_without(const Ring& old, const std::vector<NodeId>& nodes,
                                     const std::vector<NodeId>& together) const;
  void flush_old_ring(const Ring& ring, const std::vector<NodeId>& together);
  void refresh_group(const std::shared_ptr<Ring>& ring, NodeId origin);
  void order_what_waits(NodeId node);
  void order_by_an_old_token(NodeId node);
  void append(const std::shared_ptr<Ring>& ring, Entry entry);
  void schedule_delivery(NodeId node);
  void deliver(Node& node);
  void forget_what_all_took(Ring& ring) const;
  void take(Node& node, const Entry& entry);

  [[nodiscard]] std::chrono::nanoseconds draw(DelayRange range);
  [[nodiscard]] std::uint64_t draw_incarnation();
  void later(std::chrono::nanoseconds delay, std::function<void()> call);

  SimulatedClock& clock_;
  std::vector<ConfiguredNode> configured_;
  SimulatedNetworkOptions options_;
  Prng prng_;
  std::map<NodeId, Node> nodes_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();  ///< for calls that are due later
};

}  // namespace upbeat
