// SPDX-License-Identifier: Apache-2.0
// Plays a scenario from its beginning to its end, with all checkers on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/decision.h"
#include "sim/checkers.h"
#include "sim/scenario.h"
#include "sim/world.h"

namespace upbeat {

/// What a run keeps of what happened.
enum class Keep : std::uint8_t {
  violations,  ///< enough to know whether all went well
  everything,  ///< the log too
};

/// In this time after the last fault the cluster has to be repaired, first without the nodes that
/// are off, then with all of them. It covers the longest of Upbeat's own patience: a shutdown that
/// finds no place for its guests takes ten minutes, and a guest that fails is tried again for some.
inline constexpr std::chrono::minutes settle_limit{16};

struct TakenDecision {
  std::chrono::milliseconds at{0};
  Epoch view;
  std::string what;  ///< "start x1 on node2"
  std::string why;
};

struct RunResult {
  std::vector<LogEntry> log;
  std::vector<TakenDecision> decisions;
  std::vector<Violation> violations;
  std::map<std::string, std::string> placements;  ///< of each guest in the end: a node's name or ""
  std::chrono::milliseconds length{0};
  std::uint64_t events_applied = 0;
};

/// Plays `scenario`, whose commands have been checked. Stops at the first violation.
[[nodiscard]] RunResult play(const Scenario& scenario, Keep keep);

/// The log as text, one line an entry: seconds, who, what.
[[nodiscard]] std::string format_log(const std::vector<LogEntry>& log);

}  // namespace upbeat
