// SPDX-License-Identifier: Apache-2.0
// The node's loop: observes its host, puts what it sees into the order, and does its duties.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/duties.h"
#include "core/state.h"
#include "node/announcements.h"
#include "node/bandwidth_watch.h"
#include "node/drill_round.h"
#include "node/fence_work.h"
#include "node/guest_work.h"
#include "node/inventory_watch.h"
#include "node/look_around.h"
#include "node/replica.h"
#include "node/self_fence.h"
#include "ports/announcer.h"
#include "ports/clock.h"
#include "ports/engine.h"
#include "ports/fencer.h"
#include "ports/hypervisor.h"
#include "ports/journal.h"
#include "ports/shutdown_source.h"
#include "ports/watchdog.h"

namespace upbeat {

/// What the migrations from this host may take of the wire.
struct MigrationTraffic {
  enum class Care : std::uint8_t {
    none,   ///< they take what they get
    taken,  ///< they are held back where the cluster's own messages are held up
  };
  Care care = Care::none;
  std::optional<std::uint64_t> mib_per_s;  ///< all together; none: as much as there is room for
};

/// What the configuration says about this host.
struct NodeOptions {
  std::optional<std::uint64_t> memory_kib;  ///< instead of what the hypervisor says
  std::uint64_t host_reserve_kib = 0;       ///< of it, not for guests
  /// How long a shutdown is held back for guests that find no place.
  std::chrono::milliseconds shutdown_budget{600'000};
  Release release;
  std::chrono::milliseconds watchdog_timeout{10'000};  ///< of the watchdog, if there is one
  MigrationTraffic traffic;
};

/// Everything outside; all of it outlives the node.
struct NodePorts {
  Engine& engine;
  Hypervisor& hypervisor;
  Fencer& fencer;
  ShutdownSource& shutdown;
  Clock& clock;
  Journal& journal;
  Watchdog* watchdog = nullptr;    ///< null: this host has none
  Announcer* announcer = nullptr;  ///< null: guests' networks are left to themselves
};

/// How long a shutdown waits for a quorate view when there is none: without one nothing can move.
inline constexpr std::chrono::milliseconds no_quorum_patience{30'000};
/// How often the coordinator lets cluster time pass.
inline constexpr std::chrono::milliseconds tick_interval{1000};

using HistoryFollower = std::function<void(const std::vector<HistoryLine>&)>;

/// One host of the cluster. Belongs to the loop's thread. Compiled unchanged against the real
/// adapters and their twins.
class Node final : public ReplicaListener, public HypervisorListener, public ShutdownListener {
 public:
  Node(NodePorts ports, NodeOptions options);

  /// Begins. Once. An error (unreadable state on disk) means that nothing was begun.
  [[nodiscard]] Result<void> start();

  /// The daemon is to end while its host stays, with its guests: lets go of the host's watchdog in
  /// a way that nobody counts on it, then calls `ended`; within 5 s. Once.
  void end(std::function<void()> ended);

  [[nodiscard]] const State& state() const { return replica_.state(); }
  /// For a process with many nodes: `same` equals this one's state, and need be held only once.
  void share(const State& same) { replica_.share(same); }
  [[nodiscard]] NodeId self() const { return replica_.self(); }
  [[nodiscard]] bool in_step() const { return replica_.in_step(); }
  /// Why this node does nothing now: out of step, or frozen; empty if neither.
  [[nodiscard]] std::string trouble() const;
  /// The broken invariant for which this node has frozen itself.
  [[nodiscard]] const std::optional<std::string>& frozen() const { return frozen_; }
  /// What an operator should look at here.
  [[nodiscard]] std::vector<std::string> alarms() const;
  /// Something of the host is ailing, by its name ("ups"); an empty text: no longer.
  void set_alarm(const std::string& what, const std::string& text) { alarm(what, text); }
  /// Whether nothing is known to be wrong with the hypervisor.
  [[nodiscard]] bool hypervisor_answers() const { return !alarms_.contains("hypervisor"); }
  /// An operator's request: told when it is granted and safe, or why not.
  void request(const Event& event, Outcome done);
  /// The drills that this node asks for.
  [[nodiscard]] DrillRound& drills() { return drill_; }
  /// Calls `follower` with each event's lines until the Timer goes.
  [[nodiscard]] Timer follow(HistoryFollower follower);
  /// Tells what this node does, beside the history, for the log; set before start.
  void set_log(std::function<void(const std::string&)> log) { log_ = std::move(log); }
  /// Shows each event that was applied and the state before it; set before start.
  void set_witness(std::function<void(const State&, const Event&)> witness) {
    witness_ = std::move(witness);
  }

  void on_applied(const State& before, const Event& event, const State& after) override;
  void on_in_step() override;
  void on_out_of_step(const std::string& why) override;
  void on_safe() override;
  void on_disk_trouble(const Error& why) override;
  void on_disk_well() override;
  void on_drill(NodeId from, const DrillAsked& asked) override;
  void on_drill(NodeId from, const DrillReported& reported) override;

  void on_guest_running(const VmId& vm) override;
  void on_guest_gone(const VmId& vm, GoneCause cause) override;
  void on_hypervisor_back() override;
  void on_hypervisor_lost(const Error& why) override;

  void on_shutdown(const ShutdownNotice& notice) override;
  void on_shutdown_cancelled() override;

 private:
  void tell_followers(const State& after);
  void reconcile();
  void do_duties();
  void do_duty(const RunHere& duty);
  void do_duty(const SendAway& duty);
  void do_duty(const CallOff& duty);
  void do_duty(const EndHere& duty);
  void do_duty(const ProveOff& duty);
  void do_duty(const ReportInventory& duty);
  void tell_proof(const ProveOff& duty, const Result<PowerAnswer>& result);
  void watch_networks();
  void watch_bandwidth();
  void give_sign();
  void guest_is_here(const VmId& vm);
  void take_decisions();
  /// `under_way`: how much time the last tick, which may not be applied yet, lets pass.
  void tick(std::chrono::milliseconds under_way);
  void go_down();
  void stay();
  void ask_for_drain();
  void take_back();
  void limit_wait_for_quorum();
  void alarm(const std::string& what, const std::string& text);
  [[nodiscard]] bool has_part() const;
  [[nodiscard]] SelfFence::Hooks self_fence_hooks();
  void let_go(const std::string& why);
  [[nodiscard]] DrillRound::Hooks drill_hooks();
  void answer_drill(NodeId to, const DrillReported& reported);
  [[nodiscard]] std::vector<std::string> shown_alarms() const;
  [[nodiscard]] std::string why_no_reset() const;
  void let_watchdog_reset(Outcome done);
  void watchdog_failed();
  void say(const std::string& text) const;

  NodePorts ports_;
  NodeOptions options_;
  std::function<void(const std::string&)> log_;
  std::function<void(const State&, const Event&)> witness_;
  Replica replica_;
  GuestWork work_;
  InventoryWatch inventory_;
  FenceWork fence_work_;
  SelfFence self_fence_;
  std::optional<Announcements> announcements_;
  std::optional<BandwidthWatch> bandwidth_;
  std::function<void(const SignOfLife&)> fed_;  ///< the self-fence's part of a sign of life
  LookAround look_around_;
  DrillRound drill_;
  Timer own_part_;             ///< in a drill of our own
  bool reset_wanted_ = false;  ///< a drill lets the watchdog reset this host

  std::optional<std::string> frozen_;
  std::map<std::string, std::string> alarms_;  ///< by what is ailing
  /// The newest event when this life of the daemon came in step: migrations decided on up to then
  /// may be under way already.
  std::optional<EventIndex> inherited_;
  bool deciding_ = false;  ///< our decisions are under way in the order
  bool reconcile_posted_ = false;
  Timer end_of_turn_;

  std::optional<ShutdownNotice> going_down_;
  bool let_go_ = false;
  Timer shutdown_limit_;
  MonotonicTime shutdown_ends_{};  ///< when that fires
  Timer no_quorum_limit_;
  bool leave_asked_ = false;
  Timer tick_timer_;
  MonotonicTime last_tick_{};
  std::vector<std::weak_ptr<HistoryFollower>> followers_;
};

}  // namespace upbeat
