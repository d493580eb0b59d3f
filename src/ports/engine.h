// SPDX-License-Identifier: Apache-2.0
// The port for the cluster engine: who is here, and one total order of messages.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/strong.h"

namespace upbeat {

/// Names one membership: the ring id of the totem protocol (Corosync: `struct cpg_ring_id`).
/// `sequence` grows with every new ring; two parts of a partition differ in `leader`.
struct RingId {
  std::uint64_t sequence = 0;
  NodeId leader;

  auto operator<=>(const RingId&) const = default;
};

/// A running daemon. `incarnation` differs between two lives of the daemon on one node, and also
/// before and after a time in which a daemon that lived on may have missed what others got. So a
/// member whose own incarnation changed is to be treated as a newcomer. It is below 2^53.
struct Member {
  NodeId node;
  std::uint64_t incarnation = 0;

  auto operator<=>(const Member&) const = default;
};

/// One agreed membership, complete: never half a view. Both lists are sorted by node. An equal view
/// can come again within a ring: when a daemon joined it and left.
struct EngineView {
  RingId ring;
  bool quorate = false;
  std::vector<NodeId> nodes;    ///< hosts whose engine is there, with or without our daemon
  std::vector<Member> members;  ///< the daemons among them that get messages

  bool operator==(const EngineView&) const = default;
};

/// A host that the cluster's configuration names (Corosync: `nodelist.node`), here or not.
struct ConfiguredNode {
  NodeId id;
  std::string name;

  bool operator==(const ConfiguredNode&) const = default;
};

/// How long the engine may take to form a ring without a member that died: so long it waits for the
/// member (Corosync: `token`), and so long for the others to agree (`consensus`). In between nobody
/// hears anything.
struct RingTiming {
  std::chrono::milliseconds token{0};
  std::chrono::milliseconds consensus{0};

  bool operator==(const RingTiming&) const = default;
};

/// What the engine tells. All calls come on the loop's thread.
class EngineListener {
 public:
  virtual ~EngineListener() = default;
  /// A new view. Members that go from one view together to the next have got the same messages in
  /// the same order in between (extended virtual synchrony). A daemon that restarts within one ring
  /// gives a new view with the same ring.
  virtual void on_view(const EngineView& view) = 0;
  /// A message, ours included, in the order that all members of the view share. It belongs to the
  /// view told last.
  virtual void on_message(NodeId from, const std::string& bytes) = 0;
  /// The engine is gone (Corosync stopped or died). It comes back by itself with an on_view: the
  /// adapter goes on trying, at least once every `engine_retry_ms`.
  virtual void on_engine_lost(const Error& why) = 0;
};

/// How often an adapter tries to reach an engine that is not there.
inline constexpr std::int64_t engine_retry_ms = 500;
/// The longest message that `send` takes; Corosync's own limit is 1 MiB with its header.
inline constexpr std::size_t message_limit_bytes = 512U << 10U;
/// Messages that may wait in an adapter for the engine's flow control.
inline constexpr std::size_t send_queue_limit = 4096;

/// The cluster engine. All calls belong to the loop's thread; none blocks.
class Engine {
 public:
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  virtual ~Engine() = default;

  /// Begins to deliver to `listener`, which outlives the engine. Once.
  virtual void start(EngineListener& listener) = 0;
  /// Queues a message for all members, us included. It is delivered to all members of one view or,
  /// when the view changes or the engine is lost, perhaps to none. Fails when the message is too
  /// long or too many wait.
  [[nodiscard]] virtual Result<void> send(std::string bytes) = 0;
  /// This node, and all nodes that the configuration names. Fails while the engine is not there.
  [[nodiscard]] virtual Result<NodeId> self() = 0;
  [[nodiscard]] virtual Result<std::vector<ConfiguredNode>> configured_nodes() = 0;
  /// As it is in force now: it may change while the engine runs. Fails while it is not there.
  [[nodiscard]] virtual Result<RingTiming> ring_timing() = 0;
};

}  // namespace upbeat
