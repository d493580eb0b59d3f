// SPDX-License-Identifier: Apache-2.0
// A Service without a daemon, for tests: the real core, and hosts that take a set time for things.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "api/service.h"
#include "core/duties.h"
#include "ports/clock.h"

namespace upbeat {

/// How the hosts of a ServiceTwin behave.
struct TwinWorld {
  std::uint32_t nodes = 3;  ///< node1, node2, …
  std::uint64_t memory_mib_each = 896;
  std::chrono::milliseconds start_time{20};
  std::chrono::milliseconds stop_time{20};
  std::chrono::milliseconds move_step_time{20};
  std::uint32_t move_steps = 4;  ///< a migration tells its progress this often
  std::chrono::milliseconds drill_time{20};
  std::chrono::milliseconds boot_time{100};
};

/// Applies events with the core's own `apply`, decides with its `decide`, and does the duties of
/// all nodes. A definition is read by its <name> and <memory> (in MiB)
/// alone. Belongs to the loop's thread.
class ServiceTwin final : public Service {
 public:
  explicit ServiceTwin(Clock& clock, TwinWorld world = {});

  [[nodiscard]] const State& state() const override { return state_; }
  [[nodiscard]] DaemonStatus daemon() const override { return daemon_status; }
  void request(const Event& event, std::function<void(Result<void>)> done) override;
  [[nodiscard]] Result<VmDefined> read_definition(const std::string& domain_xml,
                                                  std::int32_t priority) override;
  [[nodiscard]] Result<std::vector<HistoryLine>> history(EventIndex after, std::size_t limit,
                                                         const std::string& subject) override;
  [[nodiscard]] Result<std::uint64_t> begin_drill() override;
  [[nodiscard]] const DrillSoFar* drill() const override { return drill_ ? &*drill_ : nullptr; }
  void drill_watchdog(NodeId node, std::function<void(Result<void>)> done) override;
  [[nodiscard]] Timer follow(HistoryListener listener) override;

  /// Applies the event, tells the followers, and sets the hosts to work.
  void apply(const Event& event);
  /// Defines the guest and asks for it to run.
  void run_vm(const std::string& name, std::uint64_t memory_mib);
  /// The host is gone, its guests with it.
  void cut_power(NodeId node);
  /// Somebody starts the guest once more on every other host.
  void start_behind_our_back(const std::string& name);
  /// From now on cluster time runs `factor` times as fast.
  void hurry(int factor);

  DaemonStatus daemon_status{.self = NodeId{1}, .quorate = true, .trouble = {}, .alarms = {}};
  std::string refusal;  ///< if not empty, what every request is answered with
  bool fencing_works = true;
  std::set<std::string> never_arrive;               ///< guests whose migration goes on and on
  std::set<std::string> fail_to_start;              ///< guests that do not start
  std::set<std::pair<NodeId, NodeId>> outlets_off;  ///< by whom, and of which node: says "off"
  std::map<NodeId, std::string> silent_in_drills;   ///< and why
  bool watchdogs_work = true;                       ///< they reset their hosts, which boot again

 private:
  struct Host {
    std::uint64_t incarnation = 1;
    bool powered = true;
    std::set<VmId> guests;
    std::set<VmId> busy;  ///< with which it is doing something
  };

  void view();
  void report(NodeId node);
  void work();
  void take_up(NodeId self, const RunHere& duty);
  void take_up(NodeId self, const SendAway& duty);
  void take_up(NodeId self, const CallOff& duty);
  void take_up(NodeId self, const EndHere& duty);
  void take_up(NodeId self, const ProveOff& duty);
  void take_up(NodeId self, const ReportInventory& duty);
  void move_on(NodeId self, const SendAway& duty, std::uint32_t step);
  void later(std::chrono::milliseconds delay, std::function<void()> call);
  [[nodiscard]] MemberAnswer seen_by(NodeId member) const;
  void reset_by_watchdog(NodeId node);
  void tick();

  static constexpr std::chrono::milliseconds tick_time{1000};

  Clock& clock_;
  TwinWorld world_;
  std::chrono::milliseconds tick_step_ = tick_time;
  Timer tick_timer_;
  State state_;
  std::map<NodeId, Host> hosts_;
  std::optional<DrillSoFar> drill_;
  std::set<std::pair<NodeId, Duty>> taken_up_;
  std::vector<HistoryLine> history_;
  std::vector<std::weak_ptr<HistoryListener>> followers_;
  std::map<std::uint64_t, Timer> timers_;
  std::uint64_t next_timer_ = 1;
  bool work_posted_ = false;
};

}  // namespace upbeat
