// SPDX-License-Identifier: Apache-2.0
// One simulated host: its power, its engine, its hypervisor, its disk, and the daemon on it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/strong.h"
#include "clock/simulated_clock.h"
#include "engine/simulated_network.h"
#include "fence/simulated_fencer.h"
#include "fence/simulated_watchdog.h"
#include "hypervisor/simulated_hosts.h"
#include "node/node.h"
#include "shutdown/simulated_shutdown.h"
#include "sim/gate.h"
#include "store/memory_journal.h"

namespace upbeat {

/// What all machines of a world share; outlives them.
struct Surroundings {
  SimulatedClock& clock;
  SimulatedNetwork& network;
  SimulatedHosts& hosts;
  SimulatedPowerStrip& strip;
  Tamper tamper;  ///< empty but in tests
};

struct MachineFacts {
  NodeId id;
  std::string name;
  std::uint64_t memory_kib = 1'048'576;
  std::uint64_t reserve_kib = 131'072;
  std::uint32_t cores = 4;
  std::chrono::milliseconds boot_time{6'000};
  std::chrono::milliseconds shutdown_budget{600'000};
  std::chrono::milliseconds watchdog{0};  ///< 0: it has none
};

/// How a shutdown ends.
enum class GoingTo : std::uint8_t { reboot, power_off };

/// What a machine tells the world.
class MachineListener {
 public:
  virtual ~MachineListener() = default;
  virtual void on_power(NodeId node, PowerState state, const std::string& why) = 0;
  /// Its daemon applied an event; `before` is the state before it.
  virtual void on_applied(NodeId node, const State& before, const Event& event) = 0;
  virtual void on_daemon(NodeId node, const std::string& what) = 0;
  /// What its daemon writes to its own journal, besides the cluster's history.
  virtual void on_said(NodeId node, const std::string& text) = 0;
  /// Its daemon was in step with a quorate view and is no longer.
  virtual void on_out_of_step(NodeId node, const std::string& why) = 0;
};

/// Single-threaded; its verbs are not for calls that come out of its own daemon.
class Machine {
 public:
  /// Off at first.
  Machine(Surroundings& around, MachineFacts facts, MachineListener& listener);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine();

  // --- power -----------------------------------------------------------------------------------
  /// Comes up at once: what is seen of a machine that was on already.
  void begin_running();
  /// Boots; nothing if it is on or booting.
  void power_on();
  /// All that runs on it is gone at once.
  void lose_power(const std::string& why);
  /// Somebody types `systemctl reboot` or `poweroff`.
  void shut_down(GoingTo to);
  /// The shutdown under way is called off.
  void cancel_shutdown();
  /// Something of it is about to fail, until it recovers, or boots anew.
  void ail(const std::string& why);
  void recover();

  // --- its daemon ------------------------------------------------------------------------------
  /// Killed, and not restarted until `start_daemon`.
  void kill_daemon();
  /// Ended as `systemctl stop` does it; one that stands still is killed.
  void stop_daemon();
  /// Ended, and begun again at once.
  void restart_daemon();
  void start_daemon();
  /// From its next start on.
  void set_release(Release release) { release_ = std::move(release); }
  [[nodiscard]] const Release& release() const { return release_; }
  /// The process stands still for so long.
  void stall_daemon(std::chrono::milliseconds span);
  /// The way from here to the power strip.
  void set_cable(bool whole);
  void set_wall_error(std::chrono::milliseconds error) { wall_error_ = error; }

  // --- what is true ----------------------------------------------------------------------------
  [[nodiscard]] const MachineFacts& facts() const { return facts_; }
  [[nodiscard]] bool powered() const { return powered_; }
  [[nodiscard]] bool coming_up() const { return booting_.has_value(); }
  /// Whether a shutdown is under way.
  [[nodiscard]] bool going_down() const { return shutdown_ && shutdown_->under_way(); }
  /// The daemon's own part; null while there is none.
  [[nodiscard]] Node* node();
  [[nodiscard]] const Node* node() const;
  [[nodiscard]] bool stands_still() const;
  /// Since when it is powered, its daemon runs and does not stand still; none if not so.
  [[nodiscard]] std::optional<MonotonicTime> well_since() const;
  [[nodiscard]] MemoryJournal& disk() { return disk_; }
  [[nodiscard]] SimulatedHost& host() { return around_.hosts.host(facts_.name); }
  [[nodiscard]] const SimulatedHost& host() const { return around_.hosts.host(facts_.name); }

 private:
  struct Daemon;

  void end_daemon(bool begin_again);
  void come_up();
  void go_down();
  void watchdog_fires();
  void said(const std::string& text);
  void step_changed();
  void tell_unless_in_step(std::chrono::milliseconds patience);

  Surroundings& around_;
  MachineFacts facts_;
  MachineListener& listener_;
  Release release_{.name = "0.1.0"};
  std::chrono::milliseconds wall_error_{0};
  MemoryJournal disk_;
  bool powered_ = false;
  bool cable_whole_ = true;
  GoingTo going_to_ = GoingTo::reboot;
  std::optional<Timer> booting_;
  Timer restart_;  ///< the service manager's next try
  MonotonicTime well_since_{};
  std::unique_ptr<SimulatedMachine> shutdown_;
  std::unique_ptr<SimulatedWatchdog> watchdog_;
  std::unique_ptr<Daemon> daemon_;
};

}  // namespace upbeat
