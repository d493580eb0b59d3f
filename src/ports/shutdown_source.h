// SPDX-License-Identifier: Apache-2.0
// The port for being told to go: shutdown and reboot of this host, announced before they happen.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace upbeat {

/// How a host goes, the one that is most certain to go first.
enum class Going : std::uint8_t {
  down,        ///< it shuts down
  on_battery,  ///< it goes on until a battery is empty, and may yet stay
  failing,     ///< it stays up, but something of it is about to fail: its guests had better leave
};

/// An announcement that this host will go down, or had better be empty.
struct ShutdownNotice {
  std::string why;  ///< for people: "reboot asked for by systemd-logind"
  std::optional<std::chrono::milliseconds> budget;  ///< how long it can be held; none: unknown
  Going going = Going::down;
};

class ShutdownListener {
 public:
  virtual ~ShutdownListener() = default;
  /// The host will go down and waits for `let_go`; one that is `failing` waits for nothing. Told on
  /// the loop's thread, and once more if it has less time than was said: the newest counts.
  virtual void on_shutdown(const ShutdownNotice& notice) = 0;
  /// The announced shutdown will not happen after all.
  virtual void on_shutdown_cancelled() = 0;
};

/// Holds this host's shutdown back until its guests are gone. Belongs to the loop's thread.
class ShutdownSource {
 public:
  ShutdownSource() = default;
  ShutdownSource(const ShutdownSource&) = delete;
  ShutdownSource& operator=(const ShutdownSource&) = delete;
  virtual ~ShutdownSource() = default;

  /// Begins to tell `listener`, which outlives the source, and to hold shutdowns back. Once. An
  /// error says why shutdowns cannot be held back.
  [[nodiscard]] virtual Result<void> start(ShutdownListener& listener) = 0;
  /// The host may go down now.
  virtual void let_go() = 0;
  /// Whether it has yet to find out if the host is `failing`: until then, what an earlier life of
  /// the daemon found stands.
  [[nodiscard]] virtual bool undecided() const { return false; }
};

}  // namespace upbeat
