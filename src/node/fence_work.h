// SPDX-License-Identifier: Apache-2.0
// What this node is doing to prove others off.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/duties.h"
#include "node/sign_of_life.h"
#include "ports/clock.h"
#include "ports/fencer.h"

namespace upbeat {

/// How long ago the ring was whole at most when a host is shot. Messages may be slow; a host that
/// is lost and back takes longer than this, and an attempt may be late itself
/// (fence_order_validity).
inline constexpr std::chrono::milliseconds fence_sign_lateness{3'000};

/// An engine that stood still may deliver a decision to this daemon alone, long after the others
/// have the node back. So nobody is shot before this node knows that the ring was whole after it
/// learned of the decision: the others have it, too, then, and a node that is back is in the state.
class FenceWork {
 public:
  struct Hooks {
    /// Node::give_sign; what comes back goes to `on_sign_back`.
    std::function<void()> give_sign;
    /// The duties can be done now that could not before.
    std::function<void()> changed;
    std::function<void(const ProveOff&, const Result<PowerAnswer>&)> tell;
  };

  /// Both outlive this.
  FenceWork(Fencer& fencer, Clock& clock, Hooks hooks);

  /// Carries the duty out, once, as soon as it may; until then it is to be asked for again at each
  /// `changed`. Returns whether it begins now.
  bool prove_off(const ProveOff& duty, const std::string& name);
  /// What is no duty any more and has not begun does not begin.
  void keep_only(const std::vector<Duty>& duties);
  void on_sign_back(const SignOfLife& sign);
  void on_out_of_step();
  /// The state that counts may be an older one than this node had.
  void forget_after(EventIndex last);

 private:
  [[nodiscard]] bool is_sure_of(MonotonicTime learned) const;
  void ask();

  Fencer& fencer_;
  Clock& clock_;
  Hooks hooks_;
  std::set<std::pair<EventIndex, NodeId>> begun_;                 ///< by their decision
  std::map<std::pair<EventIndex, NodeId>, MonotonicTime> waits_;  ///< since this node learned of it
  std::optional<MonotonicTime> whole_after_;
  bool asked_ = false;  ///< a sign is under way
};

}  // namespace upbeat
