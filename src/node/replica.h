// SPDX-License-Identifier: Apache-2.0
// One state on all members: puts events into the engine's total order, applies what comes out,
// keeps it on disk, and brings a joining member up to date.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "core/event.h"
#include "core/state.h"
#include "node/sign_of_life.h"
#include "node/snapshot_transfer.h"
#include "node/view_agreement.h"
#include "ports/clock.h"
#include "ports/engine.h"
#include "ports/journal.h"
#include "wire/wire.h"

namespace upbeat {

/// What the replica tells the node's loop.
class ReplicaListener {
 public:
  virtual ~ReplicaListener() = default;
  /// `event` was applied; the replica's state is the one after it.
  virtual void on_applied(const State& before, const Event& event, const State& after) = 0;
  /// This node is in a quorate view and in step with its members: it may act.
  virtual void on_in_step() = 0;
  /// It is not, and must begin nothing: no engine, no quorum, or waiting for the others' state.
  virtual void on_out_of_step(const std::string& why) = 0;
  /// More of the order is safe on a majority's disks.
  virtual void on_safe() = 0;
  /// The disk does not take what it is given. The state in memory goes on.
  virtual void on_disk_trouble(const Error& why) = 0;
  /// The disk has taken all that it had missed.
  virtual void on_disk_well() = 0;
  /// A member asks this node to take part in a drill, or answers it.
  virtual void on_drill(NodeId from, const DrillAsked& asked) = 0;
  virtual void on_drill(NodeId from, const DrillReported& reported) = 0;
};

/// Whether an event is put into the order again when a change of view swallowed it.
enum class Repeat : std::uint8_t { until_applied, never };

using Outcome = std::function<void(Result<void>)>;

/// Events of ours that may wait for the order; more are refused.
inline constexpr std::size_t pending_limit = 1024;
/// To be without quorum for less is no outage: an arbiter (a quorum device) gives its vote only
/// some tenths of a second after the ring has changed.
inline constexpr std::chrono::milliseconds quorum_gap{3'000};
/// How long an operator's request waits for a quorate view before it is given back.
inline constexpr std::int64_t request_patience_ms = 30'000;

/// A member's copy of the state. Belongs to the loop's thread.
///
/// At each quorate view all members say Hello. The Hellos come in the same order everywhere, so all
/// agree, without another word, on whose state counts (the one that has seen the highest epoch,
/// then most events, then the lowest node id) and on the ViewChanged that follows. Members with
/// another state get that one in chunks and meanwhile keep what is ordered behind it.
class Replica final : public EngineListener {
 public:
  /// All outlive the replica.
  Replica(Engine& engine, Journal& journal, Clock& clock, ReplicaListener& listener,
          Release release);

  /// Reads the journal and joins the cluster. Once. On an error nothing was joined.
  [[nodiscard]] Result<void> start();

  [[nodiscard]] const State& state() const { return state_; }
  /// `same` equals this state: from now on both hold their records in common.
  void share(const State& same) {
    state_.nodes = same.nodes;
    state_.vms = same.vms;
  }
  [[nodiscard]] NodeId self() const { return self_; }
  [[nodiscard]] bool in_step() const { return in_step_; }
  /// Why it is not in step; empty if it is.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }
  [[nodiscard]] std::uint64_t incarnation() const { return incarnation_; }
  /// Everything up to here is on the disks of a majority of the configured nodes.
  [[nodiscard]] EventIndex safe() const { return safe_; }

  /// Puts an event into the order. `done` (may be empty) is told once: applied, granted and safe,
  /// or why not.
  void propose(Event event, Repeat repeat, Outcome done = {});

  /// Says something through the order of this view; nothing if not in step. `came_back` is told of
  /// each that comes back.
  void give_sign_of_life(std::function<void(const SignOfLife&)> came_back);

  /// Says something to the members of this view that is no part of the state; a change of view may
  /// swallow it. An error: this node is not in step, or one of them is too old to know it.
  [[nodiscard]] Result<void> tell(const Message& message);

  void on_view(const EngineView& view) override;
  void on_message(NodeId from, const std::string& bytes) override;
  void on_engine_lost(const Error& why) override;

 private:
  struct Pending {
    Event event;
    Repeat repeat = Repeat::never;
    Outcome done;
    Epoch sent_in;  ///< 0: not sent yet
    MonotonicTime asked{};
    Timer patience;
  };
  struct Unsafe {
    EventIndex index;
    Outcome done;
  };
  struct Unwritten {
    JournalEvent event;
    std::vector<HistoryLine> lines;
    Durability durability = Durability::relaxed;
  };

  void receive(NodeId from, Hello& hello);
  void receive(NodeId from, const SnapshotChunk& chunk);
  void receive(NodeId from, const Proposal& proposal);
  void receive(NodeId from, const Persisted& persisted);
  void receive(NodeId from, const DrillAsked& asked);
  void receive(NodeId from, const DrillReported& reported);
  void agree();
  void install(const std::string& snapshot);
  void enter_view();
  void apply_now(const Event& event, std::uint64_t own_request);
  void settle(std::uint64_t request, Durability durability);
  void flush();
  bool write(const std::vector<Unwritten>& batch, Durability durability);
  bool save_snapshot();
  void advance_safe();
  void send_pending();
  void give_back_stale();
  void fall_out(std::string why);
  void lose_quorum();
  [[nodiscard]] std::string why_not_known(std::uint32_t format) const;
  void say_persisted(EventIndex index);
  void send(const Message& message);

  Engine& engine_;
  Journal& journal_;
  Clock& clock_;
  ReplicaListener& listener_;
  Release release_;

  State state_;
  StateFingerprint fingerprint_;
  NodeId self_;
  std::uint64_t incarnation_ = 0;
  bool live_ = false;  ///< carries its state over from a quorate view of this life
  std::optional<MonotonicTime> lost_quorum_;  ///< when it was lost, since that view
  bool in_step_ = false;
  std::string trouble_ = "it has not met the cluster engine yet";

  EngineView view_;
  std::uint64_t view_key_ = 0;
  std::map<NodeId, Hello> hellos_;
  std::optional<ViewChanged> agreed_;               ///< of this view, once all have said Hello
  std::map<NodeId, Release> releases_;              ///< of this view's members, those in step
  std::deque<std::pair<Epoch, SignOfLife>> signs_;  ///< our Persisted that are under way
  std::optional<MonotonicTime> newest_back_;        ///< when the newest that came back was sent
  std::function<void(const SignOfLife&)> sign_came_back_;
  SnapshotTransfer incoming_;   ///< parts of the state that we wait for
  std::vector<Proposal> held_;  ///< ordered while we wait

  std::uint64_t next_request_ = 1;
  std::map<std::uint64_t, Pending> pending_;
  std::vector<Unsafe> unsafe_;
  std::map<NodeId, EventIndex> persisted_;
  std::size_t ahead_ = 0;  ///< members that have more than `safe_` on their disks
  EventIndex safe_;
  std::vector<Unwritten> unwritten_;
  bool flush_posted_ = false;
  Timer end_of_turn_;
  bool disk_behind_ = false;  ///< an event could not be written: only a snapshot helps
  std::uint64_t events_since_snapshot_ = 0;
};

}  // namespace upbeat
