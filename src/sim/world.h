// SPDX-License-Identifier: Apache-2.0
// A whole cluster in virtual time: real node loops on the ports' twins, and everything around them
// that Upbeat does not decide.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "clock/simulated_clock.h"
#include "engine/simulated_network.h"
#include "fence/simulated_fencer.h"
#include "hypervisor/simulated_hosts.h"
#include "sim/machine.h"
#include "sim/scenario.h"

namespace upbeat {

/// A line of the log: who, and what happened. Times count from the story's beginning.
struct LogEntry {
  std::chrono::milliseconds at{0};
  std::string subject;
  std::string text;

  bool operator==(const LogEntry&) const = default;
};

/// Whoever watches a world: logs, checkers. All calls come while the world stands still.
class WorldWatcher {
 public:
  virtual ~WorldWatcher() = default;
  virtual void on_log(const LogEntry& /*entry*/) {}
  /// Something became different about a guest on this host.
  virtual void on_guest(const SimulatedHost& /*host*/, const VmId& /*vm*/) {}
  /// A daemon applied an event; `before` is the state before it.
  virtual void on_applied(const Machine& /*machine*/, const State& /*before*/,
                          const Event& /*event*/) {}
  /// The same, once for all daemons: told of the first to apply the event. What a member that is
  /// lost applied at a place of the order where the others have something else is told, too.
  virtual void on_news(const Machine& /*machine*/, const State& /*before*/,
                       const Event& /*event*/) {}
  /// A daemon was in step with a quorate view and is no longer.
  virtual void on_out_of_step(const Machine& /*machine*/, const std::string& /*why*/) {}
  /// The power strip took a node's power because a member asked for it.
  virtual void on_fenced(const Machine& /*machine*/) {}
  /// The cluster said to an operator that his request is granted, and will not be forgotten.
  virtual void on_granted(const Event& /*request*/) {}
  /// A request was given to the cluster: it may come true, whatever is answered.
  virtual void on_asked(const Event& /*request*/) {}
  /// The cluster said no to an operator who asked for `words`, or nobody was there to answer.
  virtual void on_refused(const std::string& /*words*/, const std::string& /*why*/) {}
};

/// Single-threaded. Its verbs are for the timeline, not for a watcher's calls.
class World final : private MachineListener {
 public:
  /// The machines that are on have booted, the guests run where the scenario has them, and the
  /// daemons have met: the story can begin.
  explicit World(const Scenario& scenario) : World(scenario, std::nullopt) {}
  /// The same for a live cluster, whose world is as its state tells (sim/live.h). A node that is
  /// told to go down goes on doing so; a fence device that failed last fails on.
  explicit World(const State& live);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() override;

  void watch(WorldWatcher& watcher) { watchers_.push_back(&watcher); }

  // --- what befalls it -------------------------------------------------------------------------
  void cut_power(const std::string& node);    ///< its outlet goes dead
  void press_power(const std::string& node);  ///< the power button, for four seconds
  void power_on(const std::string& node);
  /// Puts nodes into parts that do not hear each other; nodes not named are in part 0.
  void partition(const std::map<std::string, int>& parts);
  /// The node's cable: with it goes its way to the power strip and to other hosts' memory.
  void set_cable(const std::string& node, bool whole);
  /// What one of the two says does not reach the other any more, or in one direction only: the
  /// engine's links are probed there and back, so either is a link that is down. Both hear the rest
  /// of the cluster; a ring holds only one of them.
  void set_link(const std::string& a, const std::string& b, bool whole);
  /// The node's cable goes and comes, so often, each for `span`.
  void flap(const std::string& node, int times, std::chrono::milliseconds span);
  /// The node's engine gets no processor for so long, and then goes on as if nothing had been.
  void stall_engine(const std::string& node, std::chrono::milliseconds span);
  /// Messages from and to the node take so much longer; the views stay as they are.
  void set_latency(const std::string& node, std::chrono::milliseconds span);
  void heal_network();
  void break_fence_device(const std::string& node, OutletFault fault, int attempts);
  Machine& machine(const std::string& node) { return *machines_.at(ids_.at(node)); }
  /// The host on which the guest executes; null if none.
  SimulatedHost* host_of(const std::string& vm);
  SimulatedHosts& hosts() { return hosts_; }
  /// What all machines share: for tests that break it on purpose, behind everybody's back.
  Surroundings& surroundings() { return *around_; }
  /// Ends every fault but one: network, devices, disks, hypervisors, daemons; what is off stays
  /// off.
  void repair_all_but_power();
  /// Ends every fault, as an operator would in the end.
  void repair_everything();

  // --- what is asked of it ---------------------------------------------------------------------
  /// An operator takes back all rules: they may keep a guest from every place there is.
  void remove_rules();
  /// An operator asks the members in turn; what they answer stands in the log.
  void ask(const Event& request, const std::string& words);
  /// An operator asks for a drill; what would fail stands in the log when it is over.
  void drill();
  /// An operator has the watchdog of an empty node reset its host.
  void drill_watchdog(const std::string& node);
  [[nodiscard]] NodeId id_of(const std::string& node) const { return ids_.at(node); }

  // --- time --------------------------------------------------------------------------------------
  /// Lets time pass; stops early once `enough` (asked after each step) says so.
  void pass(std::chrono::milliseconds span, const std::function<bool()>& enough = {});
  void log(const std::string& subject, const std::string& text);
  /// Since the story's beginning.
  [[nodiscard]] std::chrono::milliseconds now() const;
  [[nodiscard]] MonotonicTime clock_now() const { return clock_.now(); }

  // --- what is true ------------------------------------------------------------------------------
  [[nodiscard]] const Scenario& scenario() const { return scenario_; }
  [[nodiscard]] const std::map<NodeId, std::unique_ptr<Machine>>& machines() const {
    return machines_;
  }
  [[nodiscard]] const SimulatedHosts& hosts() const { return hosts_; }
  /// A member that is in step with a quorate view; null if there is none.
  [[nodiscard]] const Node* member() const;
  /// Whether the node hears a majority of the powered machines' engines.
  [[nodiscard]] bool hears_majority(NodeId node) const;
  /// Whether a majority of the machines is powered.
  [[nodiscard]] bool majority_is_on() const;
  /// Whether the node has been up, able to act, and among a majority for `span`.
  [[nodiscard]] bool well_for(const Machine& machine, std::chrono::seconds span) const;
  [[nodiscard]] std::uint64_t events_applied() const { return events_applied_; }

 private:
  World(const Scenario& scenario, std::optional<State> live);
  void on_power(NodeId node, PowerState state, const std::string& why) override;
  void on_applied(NodeId node, const State& before, const Event& event) override;
  /// Whether no daemon has applied this event at this place of the order before.
  bool is_news(const State& after, const Event& event);
  void on_daemon(NodeId node, const std::string& what) override;
  void on_said(NodeId node, const std::string& text) override;
  void on_out_of_step(NodeId node, const std::string& why) override;
  void on_guest(const SimulatedHost& host, const VmId& vm);
  void begin();
  [[nodiscard]] bool hear_each_other(const std::string& a, const std::string& b) const;
  void begin_as_live();
  void go_on_as_live();
  void refuse(const std::string& words, const std::string& why);
  [[nodiscard]] NodeId id_in_live(const std::string& node) const;
  [[nodiscard]] bool begins_without_daemon(NodeId node) const;
  void renew_parts();
  void engine_goes_on(NodeId node);
  void read_drill(NodeId asked, std::uint64_t number);
  /// Whom an operator asks: a member in step, or, if there is none, any daemon.
  Node* next_asked();
  /// Logs when the guest has booted.
  void wait_for_answer(const VmId& vm);

  Scenario scenario_;
  std::optional<State> live_;  ///< that it began with
  SimulatedClock clock_;
  SimulatedHosts hosts_;
  SimulatedPowerStrip strip_;
  std::map<std::string, NodeId> ids_;
  std::unique_ptr<SimulatedNetwork> network_;
  std::unique_ptr<Surroundings> around_;
  std::map<NodeId, std::unique_ptr<Machine>> machines_;
  std::vector<WorldWatcher*> watchers_;

  MonotonicTime begin_{};
  std::map<std::string, int> parts_;
  std::set<std::string> cables_cut_;
  std::set<std::pair<std::string, std::string>> links_cut_;
  std::map<std::string, std::size_t> part_of_;  ///< what follows: who is in a ring with whom
  std::map<std::string, Timer> flapping_;
  std::map<NodeId, Timer> still_engines_;  ///< until they go on
  std::map<NodeId, MonotonicTime> engine_went_on_;
  Timer drilling_;
  std::optional<MonotonicTime> reach_changed_;
  std::size_t asked_ = 0;
  Epoch told_epoch_;                  ///< the newest in which anything was told
  std::map<EventIndex, Event> told_;  ///< the last of that epoch
  std::map<VmId, std::string> seen_on_;
  std::map<VmId, Timer> booting_;
  std::uint64_t events_applied_ = 0;
};

}  // namespace upbeat
