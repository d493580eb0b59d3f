// SPDX-License-Identifier: Apache-2.0
// A member's part in a drill: asks all fence devices and hypervisors of the others, and changes
// nothing.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/drill.h"
#include "ports/clock.h"
#include "ports/fencer.h"
#include "ports/hypervisor.h"

namespace upbeat {

/// What has not answered by then is told as silent.
inline constexpr std::chrono::seconds look_patience{60};
/// Looks under way at once, for several who ask; more are refused.
inline constexpr std::size_t looks_limit = 4;

/// Belongs to the loop's thread.
class LookAround {
 public:
  using Done = std::function<void(std::vector<PeerReport>)>;

  /// All outlive this; `state` is the cluster's, as it is at any moment.
  LookAround(Fencer& fencer, Hypervisor& hypervisor, Clock& clock,
             std::function<const State&()> state)
      : fencer_(fencer), hypervisor_(hypervisor), clock_(clock), state_(std::move(state)) {}

  /// Looks at all nodes but `self`. `done` is told once, in a later turn, within `look_patience`;
  /// not if this goes before.
  [[nodiscard]] Result<void> look(NodeId self, Done done);

 private:
  struct Look;

  void ask(const std::shared_ptr<Look>& look, std::size_t peer);
  void finish(Look& look);

  Fencer& fencer_;
  Hypervisor& hypervisor_;
  Clock& clock_;
  std::function<const State&()> state_;
  std::vector<std::shared_ptr<Look>> looks_;
};

}  // namespace upbeat
