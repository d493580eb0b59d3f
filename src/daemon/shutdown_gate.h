// SPDX-License-Identifier: Apache-2.0
// The two ways in which a host tells its daemon to go, as one: logind's announcement, and systemd
// stopping the unit.
#pragma once

#include <functional>

#include "ports/clock.h"
#include "ports/shutdown_source.h"

namespace upbeat {

/// Stands between logind and the node. A shutdown that logind did not announce (`reboot -f` aside:
/// `systemctl start reboot.target`, a machine without logind) still stops the unit first: then the
/// host's guests are handed over before the program ends. Stopping the unit alone ends it and moves
/// nothing. Belongs to the loop's thread.
class ShutdownGate final : public ShutdownSource, public ShutdownListener {
 public:
  /// Both outlive the gate.
  ShutdownGate(ShutdownSource& announced, Clock& clock) : announced_(announced), clock_(clock) {}

  /// `exit` ends the program's loop: the host goes down and the node has let go.
  void on_exit(std::function<void()> exit) { exit_ = std::move(exit); }
  /// `stop` ends it, too: the program is to end, and its host stays.
  void on_stop(std::function<void()> stop) { stop_ = std::move(stop); }
  /// SIGTERM came.
  void asked_to_stop();

  [[nodiscard]] Result<void> start(ShutdownListener& listener) override;
  void let_go() override;
  void on_shutdown(const ShutdownNotice& notice) override;
  void on_shutdown_cancelled() override;

 private:
  ShutdownSource& announced_;
  Clock& clock_;
  ShutdownListener* listener_ = nullptr;
  std::function<void()> exit_;
  std::function<void()> stop_;
  bool going_down_ = false;
  bool gone_ = false;      ///< the node has let go
  bool stopping_ = false;  ///< systemd wants the program to end
};

}  // namespace upbeat
