// SPDX-License-Identifier: Apache-2.0
// The real shutdown source: a delay inhibitor of systemd-logind.
#pragma once

#include <functional>
#include <memory>

#include "ports/shutdown_source.h"

namespace boost::asio {
class io_context;
}

namespace upbeat {

/// How often a lost system bus is tried again.
inline constexpr std::chrono::milliseconds bus_retry{1000};

/// Holds `systemctl reboot`, `poweroff`, `shutdown now`, the power key and the like back, by a
/// "delay" lock of systemd-logind (https://www.freedesktop.org/wiki/Software/systemd/inhibit/).
/// logind waits for the lock at most its InhibitDelayMaxSec (logind.conf(5); 5 s if nobody changed
/// it), which is the notice's budget, then goes on.
///
/// What does not go through logind passes by: `systemctl --force`, `systemctl start reboot.target`,
/// signals to process 1. For these see system_state.h. A shutdown that is only scheduled
/// (`shutdown +10`) is announced when its time comes.
class LogindShutdown final : public ShutdownSource {
 public:
  /// `io` outlives the source and is run by the loop's thread. `complain` is told, on that thread,
  /// what goes wrong later: the bus is lost, the lock cannot be taken again. The source goes on
  /// trying.
  LogindShutdown(boost::asio::io_context& io, std::function<void(const Error&)> complain);
  LogindShutdown(const LogindShutdown&) = delete;
  LogindShutdown& operator=(const LogindShutdown&) = delete;
  ~LogindShutdown() override;

  /// Blocks while logind answers, up to some seconds if it has to be started first.
  [[nodiscard]] Result<void> start(ShutdownListener& listener) override;
  /// Gives the lock back. It is taken again when a shutdown is cancelled.
  void let_go() override;
  /// Asks systemd to start a unit, so that `systemctl list-jobs` shows what is waited for. A unit
  /// that is not there is not started; nobody waits for the answer.
  void begin_job(const char* unit);

 private:
  class Holder;

  std::unique_ptr<Holder> holder_;
};

}  // namespace upbeat
