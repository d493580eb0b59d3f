// SPDX-License-Identifier: Apache-2.0
// Makes a story up from a seed: which faults, when, to whom.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "sim/scenario.h"

namespace upbeat {

/// What a story may be made of: a word for each class of faults, "power", "network", …
[[nodiscard]] std::vector<std::string> fault_classes();

struct ChanceOptions {
  std::uint32_t nodes = 4;
  std::uint32_t vms = 8;
  std::chrono::milliseconds length{600'000};
  std::set<std::string> faults;  ///< names of classes; empty: all
  QuorumRule quorum = QuorumRule::majority;
};

/// The same seed and options give the same story, on every machine.
[[nodiscard]] Scenario story_of(std::uint64_t seed, const ChanceOptions& options);

}  // namespace upbeat
