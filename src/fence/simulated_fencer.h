// SPDX-License-Identifier: Apache-2.0
// The twin of the fencer: a switched power strip in virtual time, with its faults.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "ports/clock.h"
#include "ports/fencer.h"

namespace upbeat {

/// What may be wrong with an outlet.
enum class OutletFault : std::uint8_t {
  none,
  unreachable,  ///< it does not answer
  lying,        ///< it says that it switched, but nothing happens and its status shows so
  garbage,      ///< its answers make no sense
};

/// One power strip for all nodes of a simulated cluster. Single-threaded.
class SimulatedPowerStrip {
 public:
  /// Gives a node an outlet that is on. `switched` is told when a fencer changes its power.
  void plug_in(const std::string& node, std::function<void(PowerState)> switched = {});
  /// By hand, as an operator or a tripped fuse would; `switched` is not told.
  void set(const std::string& node, PowerState state) { outlets_.at(node).state = state; }
  [[nodiscard]] PowerState state(const std::string& node) const { return outlets_.at(node).state; }
  /// Breaks the outlet for so many attempts, then it is well again; by default for good.
  void break_outlet(const std::string& node, OutletFault fault, int attempts = for_good);
  static constexpr int for_good = -1;

 private:
  friend class SimulatedFencer;

  struct Outlet {
    PowerState state = PowerState::on;
    std::function<void(PowerState)> switched;
    OutletFault fault = OutletFault::none;
    int faulty_attempts = 0;
  };

  std::map<std::string, Outlet> outlets_;
};

/// How long the simulated strip takes; the default is what a real one took in a lab.
struct SimulatedFencerTiming {
  std::chrono::milliseconds attempt{500};
  std::chrono::milliseconds retry_pause{500};
  int retries = 2;
};

/// One node's way to the strip. Belongs to the clock's thread. When it goes, it calls back no more.
class SimulatedFencer final : public Fencer {
 public:
  /// `clock` and `strip` outlive the fencer.
  SimulatedFencer(Clock& clock, SimulatedPowerStrip& strip, SimulatedFencerTiming timing = {})
      : clock_(clock), strip_(strip), timing_(timing) {}

  void act(const std::string& node, PowerAction action,
           std::function<void(Result<PowerAnswer>)> done) override;
  void probe(const std::string& node, std::function<void(std::vector<OutletSeen>)> done) override;
  /// Takes away, or gives back, the way from this node to the strip.
  void cut_cable() { cable_cut_ = true; }
  void mend_cable() { cable_cut_ = false; }

 private:
  struct Call {
    PowerAction action = PowerAction::status;
    std::function<void(Result<PowerAnswer>)> done;
    int attempts_left = 0;
  };
  /// Calls for one node, one after another; the timer is that of the first.
  struct Queue {
    std::deque<Call> calls;
    Timer timer;
    MonotonicTime due{};
  };

  void attempt_after(const std::string& node, std::chrono::milliseconds delay);
  void attempt(const std::string& node);
  [[nodiscard]] std::vector<OutletSeen> look(const std::string& node);
  [[nodiscard]] Result<PowerAnswer> try_once(const std::string& node, PowerAction action);

  Clock& clock_;
  SimulatedPowerStrip& strip_;
  SimulatedFencerTiming timing_;
  bool cable_cut_ = false;
  std::map<std::string, Queue> queues_;
  std::map<std::uint64_t, Timer> probes_;
  std::uint64_t next_probe_ = 0;
};

}  // namespace upbeat
