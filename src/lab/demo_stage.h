// SPDX-License-Identifier: Apache-2.0
// What the demo sees of a lab that is up: the cluster by asking its nodes, the guests by asking
// them from the gateway.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/demo_cluster.h"
#include "lab/demo_progress.h"
#include "lab/lab.h"

namespace upbeat::lab {

using SteadyClock = std::chrono::steady_clock;

/// A moment, by both clocks. The nodes' wall clock is the machine's.
struct Moment {
  SteadyClock::time_point steady;
  std::int64_t wall_ms = 0;
};
[[nodiscard]] Moment right_now();

struct Stage {
  const Lab& lab;
  ProgressLine& progress;
};

/// Asks the first node that answers, those of `away` not at all.
[[nodiscard]] Result<ClusterSeen> ask_cluster(const Stage& stage,
                                              const std::vector<std::string>& away);
[[nodiscard]] Result<std::vector<HistoryEvent>> ask_history(const Stage& stage,
                                                            const std::vector<std::string>& away);

using GuestStatuses = std::map<std::string, GuestStatus>;
/// Every guest's own status; an error names the first that does not tell.
[[nodiscard]] Result<GuestStatuses> ask_guests(const Stage& stage);

/// Looks again and again, each time `pause` after the last look, until `look` returns nothing that
/// is missing. `look` returns what is still missing, which the progress line shows after `what`.
/// An error if that takes longer than `limit` or the user interrupts; it tells what was missing.
[[nodiscard]] Done wait_for(const Stage& stage, const std::string& what,
                            std::chrono::milliseconds limit,
                            const std::function<std::string()>& look);

/// Waits until the cluster is calm but for the nodes `away` (lab/demo_cluster.h, unrest()) and
/// `also`, if given, misses nothing either.
[[nodiscard]] Done wait_until_calm(const Stage& stage, const std::string& what,
                                   const std::vector<std::string>& away,
                                   std::chrono::milliseconds limit,
                                   const std::function<std::string()>& also = {});

}  // namespace upbeat::lab
