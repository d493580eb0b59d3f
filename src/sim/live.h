// SPDX-License-Identifier: Apache-2.0
// A live cluster's state as the beginning of a simulated world: what it says of hosts and guests,
// and how fast things were that the cluster has done. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/state.h"
#include "hypervisor/simulated_hosts.h"
#include "sim/scenario.h"

namespace upbeat {

/// A guest that executes on a member now, as far as the state knows; Upbeat's or not.
struct LiveGuest {
  VmId vm;
  NodeId on;
  std::string uuid;
  std::uint64_t memory_kib = 0;
};
[[nodiscard]] std::vector<LiveGuest> live_guests(const State& state);

/// The nodes and guests by name, with what is known of their size and speed. Members are on, also
/// those whose daemon is away; all others are off: a node of which nobody knows runs nothing here.
[[nodiscard]] Scenario scenario_of(const State& state);

/// How live migrations went lately.
struct MeasuredMoves {
  std::uint32_t moves = 0;                      ///< guests whose last migration was looked at
  std::optional<std::uint64_t> rate_kib_per_s;  ///< median of the memory copied a second
  std::optional<std::uint32_t> downtime_ms;     ///< median
  std::optional<std::uint64_t> fastest_kib_per_s;
};
[[nodiscard]] MeasuredMoves measured_moves(const State& state);

/// What a play takes for granted, as a clause for people.
[[nodiscard]] std::string assumptions(const MeasuredMoves& moves);

/// The twins' traits, with what was measured in place of what is usual.
[[nodiscard]] SimulatedTraits traits_of(const State& state);

/// The state for twins to go on with: definitions hold just what a twin reads of them.
[[nodiscard]] State for_twins(const State& state);

/// A definition of `name`, as far as anybody in a simulation reads it.
[[nodiscard]] std::string twin_definition(const std::string& name, std::uint64_t memory_kib,
                                          std::uint32_t cores);

}  // namespace upbeat
