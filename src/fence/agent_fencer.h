// SPDX-License-Identifier: Apache-2.0
// The real fencer: ClusterLabs fence agents, run by a few workers.
#pragma once

#include <memory>
#include <vector>

#include "fence/fence_device.h"
#include "ports/clock.h"
#include "ports/fencer.h"

namespace upbeat {

/// Nodes that are acted on at the same time; more wait their turn.
inline constexpr std::size_t fence_worker_limit = 4;
/// Calls that may wait, to act and to probe each; more are refused at once.
inline constexpr std::size_t fence_queue_limit = 64;

/// Fences through agents. A device is spoken to by one agent at a time (many allow one session
/// only), so calls for one node keep their order. When the fencer goes, it ends its agents and
/// calls back no more.
class AgentFencer final : public Fencer {
 public:
  /// `clock` outlives the fencer. For mistakes in `devices` see check_devices.
  AgentFencer(Clock& clock, std::vector<FenceDevice> devices);
  AgentFencer(const AgentFencer&) = delete;
  AgentFencer& operator=(const AgentFencer&) = delete;
  ~AgentFencer() override;

  void act(const std::string& node, PowerAction action,
           std::function<void(Result<PowerAnswer>)> done) override;
  void probe(const std::string& node, std::function<void(std::vector<OutletSeen>)> done) override;

 private:
  struct Pool;

  std::shared_ptr<Pool> pool_;
};

}  // namespace upbeat
