// SPDX-License-Identifier: Apache-2.0
// The part of the one who asks in a drill: goes round the members, one after the other.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "core/drill.h"
#include "ports/clock.h"
#include "wire/wire.h"

namespace upbeat {

/// How long a member may take: longer than it waits itself (look_around.h).
inline constexpr std::chrono::seconds member_patience{75};
/// How long it may take to say whether it lets its watchdog reset it.
inline constexpr std::chrono::seconds consent_patience{10};

/// Nothing of a drill is in the cluster's state: no decision hangs on it, and a daemon that ends
/// forgets what it had asked. Members are asked one at a time, because many fence devices allow but
/// one session. Belongs to the loop's thread.
class DrillRound {
 public:
  struct Hooks {
    std::function<const State&()> state;
    /// Why this node cannot ask anybody; empty: it can.
    std::function<std::string()> trouble;
    /// Puts the question to its member, which may be this one; an error: it cannot know it.
    std::function<Result<void>(const DrillAsked&)> ask;
  };

  DrillRound(Clock& clock, Hooks hooks) : clock_(clock), hooks_(std::move(hooks)) {}

  /// Begins a drill, or joins the one that this node has under way. Its number, or why there is
  /// none.
  [[nodiscard]] Result<std::uint64_t> begin();
  /// The last drill that this node asked for.
  [[nodiscard]] const std::optional<DrillSoFar>& so_far() const { return drill_; }
  /// Asks the node to let its watchdog reset its host; `done`: it will, or why not.
  void ask_for_reset(NodeId node, std::function<void(Result<void>)> done);

  void on_report(NodeId from, const DrillReported& reported);
  /// Members may have gone, or this node may have lost all of them.
  void on_change();

 private:
  struct Reset {
    std::uint64_t drill = 0;
    NodeId node;
    std::function<void(Result<void>)> done;
    Timer patience;
  };

  void ask_next();
  void silence(NodeId member, std::string why);
  void settle(const Result<void>& consent);
  [[nodiscard]] std::uint64_t next_number();

  Clock& clock_;
  Hooks hooks_;
  std::uint64_t last_number_ = 0;
  std::optional<DrillSoFar> drill_;
  NodeId asked_;  ///< who is to answer now
  Timer patience_;
  std::optional<Reset> reset_;
};

}  // namespace upbeat
