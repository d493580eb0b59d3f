// SPDX-License-Identifier: Apache-2.0
// Makes whole views out of what Corosync tells piecemeal, the same ones on every member. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "engine/frame.h"
#include "ports/engine.h"

namespace upbeat {

/// A process in the process group (Corosync: `struct cpg_address`).
struct ProcessId {
  NodeId node;
  std::uint32_t pid = 0;

  auto operator<=>(const ProcessId&) const = default;
};

/// The group changed (cpg_confchg_fn). `in` says whether the ring changed with it: then a ring
/// change follows in the same stream and before any message.
struct GroupChange {
  enum class In { same_ring, new_ring };
  In in = In::same_ring;
  std::vector<ProcessId> members;  ///< all, after the change
  std::vector<ProcessId> left;
  std::vector<ProcessId> joined;
};

/// What the quorum service says of a ring (quorum_v1_quorum_notification_fn_t).
struct QuorumNotice {
  RingId ring;
  bool quorate = false;
  std::vector<NodeId> nodes;
};

/// What a ViewAssembler wants done.
class ViewSink {
 public:
  virtual ~ViewSink() = default;
  virtual void assembled_view(const EngineView& view) = 0;
  virtual void assembled_message(NodeId from, const std::string& bytes) = 0;
  /// Sends to the whole group, us included.
  virtual void say(const Frame& frame) = 0;
  /// Wants `waited(round)` after `greeting_wait_ms`.
  virtual void wait_for_round(std::uint64_t round) = 0;
  /// More than `held_limit_*` waits for a view: nothing sensible can be done but to start anew.
  virtual void assembly_overflowed() = 0;
};

/// How long a round waits for a member that does not introduce itself before it goes on without.
inline constexpr std::int64_t greeting_wait_ms = 1000;
/// What may wait for a view to be complete.
inline constexpr std::size_t held_limit_events = 16384;
inline constexpr std::size_t held_limit_bytes = 64U << 20U;

/// Corosync tells three things: who is in the process group (by pid), which ring that is, and, on
/// another connection, which nodes the ring has and whether it is quorate. A pid comes again after
/// a reboot, and the quorum service is not in step with the messages. So:
///
/// * A ring change waits for the quorum service to say the same ring id; what comes after it waits
///   behind it. A ring that the quorum service never tells (a newer one came first) is skipped.
/// * When a process joined, a *round* opens: every member greets, with its incarnation, in the
///   total order; when all have been heard, the view is there, at the same place for everybody.
///   Messages after the opening wait for it. Who stays silent (a process that hangs) holds the
///   others up for `greeting_wait_ms`; then somebody says Proceed and the view comes without the
///   silent one, which is taken in, as another incarnation, when it speaks.
/// * When somebody only left, everything is known and the view is there at once: the loss of a node
///   costs no round and waits for nobody.
/// * A member that has not had a view without the others while they were out of its reach (it had
///   stood still, or they found each other too soon) has missed what they said, and would take them
///   for having been with it all the time. It gets a new incarnation. Where both sides are in that
///   position, the larger part keeps its incarnations.
/// * A later change of the quorum service's mind is said in the group and so has one place, too.
class ViewAssembler {
 public:
  /// `incarnation`: of this life; any number that no other life of this node had.
  ViewAssembler(ViewSink& sink, ProcessId self, std::uint64_t incarnation);

  void on_group(GroupChange change);
  void on_ring(RingId ring);
  void on_frame(ProcessId from, Frame frame);
  void on_quorum(QuorumNotice notice);
  void waited(std::uint64_t round);

 private:
  struct FrameFrom {
    ProcessId from;
    Frame frame;
  };
  using Event = std::variant<GroupChange, RingId, FrameFrom>;

  struct Peer {
    std::optional<std::uint64_t> incarnation;  ///< of a member of the view
    std::optional<Greeting> greeting;          ///< in the open round
  };
  enum class Round { open, closed };
  enum class Waits { yes, no };

  void enqueue(Event event);
  void pump();
  [[nodiscard]] Waits take(RingId ring);
  void take(const GroupChange& change);
  void take(const ProcessId& from, Frame& frame);
  void take(const ProcessId& from, const Greeting& greeting);
  void take(const QuorumTurn& turn);

  void adopt(const QuorumNotice& notice);
  void follow_turns();
  void open_round();
  void greet();
  void complete();
  void part_those_who_went_apart();
  void install();
  void release_held();
  void deliver(const ProcessId& from, const std::string& bytes);
  [[nodiscard]] std::uint64_t fingerprint() const;

  ViewSink& sink_;
  ProcessId self_;
  std::uint64_t incarnation_;

  std::deque<Event> waiting_;         // for the quorum service
  std::deque<QuorumNotice> notices_;  // one a ring, oldest first
  std::deque<FrameFrom> held_;        // for the open round
  std::size_t held_bytes_ = 0;        // of both

  QuorumNotice now_;  // the ring we are in; its `quorate` is the one last said by us
  std::map<ProcessId, Peer> peers_;
  bool joined_with_ring_ = false;
  Round round_ = Round::closed;
  std::uint64_t reopened_ = 0;  // since the group last changed
  std::optional<bool> turned_;  // a QuorumTurn during the round
  std::optional<EngineView> view_;
  std::optional<EngineView> told_;  // what the user knows; `view_` may be one without us
  std::set<ProcessId> speakers_;    // the processes of `view_`: their messages count
};

}  // namespace upbeat
