// SPDX-License-Identifier: Apache-2.0
// All the ways in which a host tells its daemon to go, as one.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "ports/clock.h"
#include "ports/shutdown_source.h"

namespace upbeat {

/// Stands between the sources (logind, a UPS) and the node. The first source that announces
/// something is told to the node; another one that does meanwhile is told as well, with the least
/// time of all; and only when all have taken it back, the node stays.
///
/// A shutdown that nobody announced (`systemctl start reboot.target`, a machine without logind)
/// still stops the unit first: then the host's guests are handed over before the program ends.
/// Stopping the unit alone ends it and moves nothing. Belongs to the loop's thread.
class ShutdownGate final : public ShutdownSource {
 public:
  /// All outlive the gate. The first source tells of the host's own shutdowns (logind); `host_goes`
  /// says whether one is under way that it did not tell of.
  ShutdownGate(std::vector<ShutdownSource*> sources, Clock& clock, std::function<bool()> host_goes);
  ~ShutdownGate() override;

  /// `exit` ends the program's loop: the host goes down and the node has let go.
  void on_exit(std::function<void()> exit) { exit_ = std::move(exit); }
  /// `stop` ends it, too: the program is to end, and its host stays.
  void on_stop(std::function<void()> stop) { stop_ = std::move(stop); }
  /// SIGTERM came.
  void asked_to_stop();

  /// The first error of a source; the others are heard all the same.
  [[nodiscard]] Result<void> start(ShutdownListener& listener) override;
  void let_go() override;
  [[nodiscard]] bool undecided() const override;

 private:
  class Ear;
  /// What a source announced, and by when it goes on; none: it waits as long as need be.
  struct Announced {
    ShutdownNotice notice;
    std::optional<MonotonicTime> ends;
  };

  void on_shutdown(std::size_t source, const ShutdownNotice& notice);
  void on_cancelled(std::size_t source);
  void tell(const ShutdownNotice& notice);

  std::vector<ShutdownSource*> sources_;
  Clock& clock_;
  std::function<bool()> host_goes_;
  std::vector<std::unique_ptr<Ear>> ears_;
  ShutdownListener* listener_ = nullptr;
  std::function<void()> exit_;
  std::function<void()> stop_;
  std::map<std::size_t, Announced> announced_;  ///< by source; the unit's own stop comes last
  bool gone_ = false;                           ///< the node has let go
  bool stopping_ = false;                       ///< systemd wants the program to end
};

}  // namespace upbeat
