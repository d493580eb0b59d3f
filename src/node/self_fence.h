// SPDX-License-Identifier: Apache-2.0
// Feeds the host's watchdog as long as this node has its part in the order of a majority.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "core/state.h"
#include "node/sign_of_life.h"
#include "ports/clock.h"
#include "ports/watchdog.h"

namespace upbeat {

/// How often the node says something through the order to know that it has a part in it.
inline constexpr std::chrono::milliseconds sign_interval{1'000};
/// A pair of signs that took longer to come back is no reason to feed: much may have happened since
/// it went. Another one goes at once.
inline constexpr std::chrono::milliseconds sign_lateness{500};
/// How long a daemon that ends waits for the others to know that its watchdog proves nothing.
inline constexpr std::chrono::milliseconds retire_patience{5'000};
static_assert(sign_lateness < watchdog_margin, "others wait out the watchdog and its margin");

/// Why this is safe. A sign that came back is followed by another at once; when that is back, too,
/// the ring was whole after the first went (SignOfLife), and two majorities share a node, which is
/// in one ring at a time. So when others agree on a view without this node, the first of its last
/// good pair had gone before. The watchdog was fed `sign_lateness` later at most, and fires
/// `timeout` after that; the others wait for `timeout` and `watchdog_margin` from their view on.
class SelfFence {
 public:
  struct Hooks {
    /// Whether this node is in step with a majority that remembers this view.
    std::function<bool()> has_part;
    /// Replica::give_sign_of_life.
    std::function<void(std::function<void(const SignOfLife&)>)> give_sign;
    /// Whether the cluster knows what was announced; if not, it is announced again.
    std::function<bool(std::chrono::milliseconds)> is_known;
    std::function<void(std::chrono::milliseconds)> announce;
    /// Takes back what was announced; told when all know and will not forget it, or why not.
    std::function<void(std::function<void(Result<void>)>)> take_back;
    /// What an operator should know; empty: all is well.
    std::function<void(const std::string&)> trouble;
    /// An error says why this watchdog would do harm, and so must not be armed (watchdog_fit.h).
    std::function<Result<void>()> is_fit;
  };

  /// Without a `watchdog` it does nothing. Both outlive this.
  SelfFence(Watchdog* watchdog, Clock& clock, std::chrono::milliseconds timeout, Hooks hooks);

  void begin();
  /// The node may have got its part back, or lost it: the first sign goes at once, since nobody was
  /// fed for as long as there was no view.
  void look();
  /// The host is empty and goes down, as all know: nobody needs its watchdog.
  void stand_down();
  /// The host stays after all.
  void stand_up() { standing_down_ = false; }
  [[nodiscard]] bool armed() const { return armed_; }
  /// A drill, on an empty host: nothing feeds the watchdog any more, so that it resets the host.
  /// Should it not have done so when its time and `watchdog_margin` are over, it is fed again and
  /// `survived` is told; not if the host is told to go or the daemon to end meanwhile.
  /// REQUIRES: armed().
  void starve(std::function<void()> survived);
  /// The daemon ends and the host stays, with its guests: first the promise is taken back, then the
  /// watchdog disarmed. `done` is told, within `retire_patience`; an error says why the watchdog is
  /// armed still and what comes of it. Nothing is armed any more from then on.
  void retire(std::function<void(const Result<void>&)> done);

 private:
  void sign();
  void give();
  void on_sign_back(const SignOfLife& sign);
  void feed();
  void withdraw();
  void retired(const Result<void>& taken_back);

  Watchdog* watchdog_;
  Clock& clock_;
  std::chrono::milliseconds timeout_;
  Hooks hooks_;
  bool had_part_ = false;
  bool armed_ = false;
  bool withdrawing_ = false;  ///< its promise is being taken back, since it is not fit
  bool standing_down_ = false;
  bool retiring_ = false;
  bool starving_ = false;
  MonotonicTime last_sign_{};  ///< when it went
  bool followed_ = false;      ///< it came back, and another went
  Timer starved_;
  std::function<void(const Result<void>&)> on_retired_;
  Timer patience_;
  Timer next_;
};

}  // namespace upbeat
