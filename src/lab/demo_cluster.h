// SPDX-License-Identifier: Apache-2.0
// The cluster as `upbeat status --json` and `upbeat events --json` of a node tell it. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace upbeat::lab {

struct ClusterNode {
  std::string standing;  ///< "online", "draining", "lost", "off", … (core/explain.h)
  int guests = 0;        ///< VMs that may be running there
  bool operator==(const ClusterNode&) const = default;
};

struct ClusterVm {
  std::string phase;  ///< "running", "migrating", "starting", … (core/explain.h)
  std::string node;   ///< where it runs or is meant to run; empty for nowhere
  bool operator==(const ClusterVm&) const = default;
};

struct ClusterSeen {
  bool quorate = false;
  std::string trouble;  ///< of the daemon that was asked; or empty
  std::map<std::string, ClusterNode> nodes;
  std::map<std::string, ClusterVm> vms;
  bool operator==(const ClusterSeen&) const = default;
};

/// Reads the status; an error says what is not as expected.
[[nodiscard]] Result<ClusterSeen> parse_cluster(const std::string& json);

/// What keeps the cluster from being calm, for people; empty if nothing does. Calm: the daemon
/// asked is in step with a quorate view, every VM runs, and no node but those in `away` is in any
/// state but online. A node of `away` may be gone or on its way, but nothing may run there.
[[nodiscard]] std::string unrest(const ClusterSeen& seen, const std::vector<std::string>& away);

/// A line of the cluster's history.
struct HistoryEvent {
  std::uint64_t index = 0;
  std::int64_t wall_ms = 0;  ///< since the epoch, by the clock of the node that was asked
  std::string subject;
  std::string text;
  bool operator==(const HistoryEvent&) const = default;
};

/// Reads the history, oldest first.
[[nodiscard]] Result<std::vector<HistoryEvent>> parse_history(const std::string& json);

/// The first line about `subject` not before `since_wall_ms` that begins with `text_begins`.
[[nodiscard]] const HistoryEvent* find_event(const std::vector<HistoryEvent>& history,
                                             const std::string& subject,
                                             const std::string& text_begins,
                                             std::int64_t since_wall_ms);

/// What the hypervisor says it paused a VM in its live migration, as history tells it ("moved live
/// from … paused for 12 ms"); of several moves since `since_wall_ms` the longest.
[[nodiscard]] std::optional<double> told_downtime_ms(const std::vector<HistoryEvent>& history,
                                                     const std::string& vm,
                                                     std::int64_t since_wall_ms);

}  // namespace upbeat::lab
