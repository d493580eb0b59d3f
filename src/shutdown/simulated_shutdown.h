// SPDX-License-Identifier: Apache-2.0
// The twin of systemd-logind: a host's shutdown in virtual time.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "ports/clock.h"
#include "ports/shutdown_source.h"

namespace upbeat {

/// One host's own shutting down; it outlives the daemons on it. Single-threaded.
class SimulatedMachine {
 public:
  /// `goes` is called when the host goes down: nobody holds it, or the budget is used up.
  SimulatedMachine(Clock& clock, std::chrono::milliseconds budget, std::function<void()> goes)
      : clock_(clock), budget_(budget), goes_(std::move(goes)) {}

  /// Somebody types `systemctl reboot`. Nothing happens if a shutdown is under way already.
  void announce(std::string why);
  /// Something of the host is about to fail: it stays up and waits for nothing. A shutdown
  /// meanwhile is told as one, and what ails the host again when that is cancelled.
  void ail(std::string why);
  /// And it is well again.
  void recover();
  /// The shutdown under way comes to nothing: its target could not be started, say.
  void cancel();
  [[nodiscard]] bool under_way() const { return under_way_.has_value(); }

 private:
  friend class SimulatedShutdown;

  void go();
  void tell(std::function<void()> what);
  void tell_ailing();

  Clock& clock_;
  std::chrono::milliseconds budget_;
  std::function<void()> goes_;
  std::optional<std::string> under_way_;  ///< why
  std::optional<std::string> ails_;       ///< what is about to fail
  bool held_ = false;
  ShutdownListener* listener_ = nullptr;
  Timer turn_;   ///< what the listener is about to be told
  Timer going_;  ///< nobody holds it any more: no daemon's life or death stops it now
  Timer deadline_;
};

/// A daemon's way to its simulated host, one at a time. When it goes, it holds nothing any more.
class SimulatedShutdown final : public ShutdownSource {
 public:
  explicit SimulatedShutdown(SimulatedMachine& host) : host_(host) {}
  SimulatedShutdown(const SimulatedShutdown&) = delete;
  SimulatedShutdown& operator=(const SimulatedShutdown&) = delete;
  ~SimulatedShutdown() override;

  [[nodiscard]] Result<void> start(ShutdownListener& listener) override;
  void let_go() override;

 private:
  SimulatedMachine& host_;
  bool started_ = false;
};

}  // namespace upbeat
