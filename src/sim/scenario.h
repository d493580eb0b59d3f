// SPDX-License-Identifier: Apache-2.0
// A story in virtual time: who is there at the beginning, and what happens when. docs/scenarios.md
// describes the file that it is read from.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/event.h"
#include "core/policy.h"
#include "core/rule.h"
#include "engine/simulated_network.h"
#include "hypervisor/simulated_hosts.h"
#include "wire/wire.h"

namespace upbeat {

struct ScenarioNode {
  std::string name;
  std::uint64_t memory_mib = 1024;
  std::uint64_t reserve_mib = 128;
  std::uint32_t cores = 4;
  bool on = true;
  std::chrono::milliseconds watchdog{0};  ///< its timeout; 0: it has none
  std::uint32_t format = wire_format;     ///< that its daemon knows: an old release if less
  std::chrono::milliseconds boot{6'000};  ///< from power to its daemon
  std::chrono::milliseconds shutdown_budget{600'000};  ///< that a shutdown waits for its guests

  bool operator==(const ScenarioNode&) const = default;
};

struct ScenarioVm {
  std::string name;
  std::uint64_t memory_mib = 256;
  std::uint32_t cores = 1;
  std::int32_t priority = 0;
  std::string node;  ///< where it runs at the beginning; empty: nowhere
  Wanted wanted = Wanted::running;
  std::optional<Failback> failback;  ///< its own; else the policy's
  GuestTraits traits;

  bool operator==(const ScenarioVm&) const = default;
};

/// A rule that holds from the beginning (core/rule.h), by names.
struct ScenarioRule {
  std::string name;
  RuleKind kind = RuleKind::together;
  Strictness strictness = Strictness::strict;
  std::vector<std::string> vms;
  std::vector<std::string> nodes;

  bool operator==(const ScenarioRule&) const = default;
};

/// A command of the timeline, `at` after the story's beginning.
struct ScenarioStep {
  std::chrono::milliseconds at{0};
  std::string command;

  bool operator==(const ScenarioStep&) const = default;
};

struct Scenario {
  std::string title;
  std::uint64_t seed = 1;  ///< of the small chances: how long a message takes
  QuorumRule quorum = QuorumRule::majority;
  std::vector<ScenarioNode> nodes;
  std::vector<ScenarioVm> vms;
  std::vector<ScenarioRule> rules;
  Policy policy;
  std::vector<ScenarioStep> timeline;   ///< in the order of time
  std::chrono::milliseconds length{0};  ///< of the story; at least until its last step
  /// In the end every fault is ended, and the cluster has `settle_limit` to be well again: first,
  /// if a majority of the nodes is on, without the others, then with all nodes switched on.
  bool settles = false;

  bool operator==(const Scenario&) const = default;
};

/// Bounds of what a scenario may hold.
inline constexpr std::size_t scenario_nodes_limit = 256;
inline constexpr std::size_t scenario_vms_limit = 4096;
inline constexpr std::size_t scenario_steps_limit = 100'000;
inline constexpr std::chrono::hours scenario_length_limit{24 * 365};

/// The 2006 test bed at any size: node0 …, with 1024 MiB each, 128 of them the host's; x0 … with
/// 256 MiB, dealt out one after another. Where three guests a node are not enough, the nodes have
/// more memory, so that some of them may be lost.
[[nodiscard]] Scenario test_bed(std::uint32_t nodes, std::uint32_t vms);

/// Reads the file's text. An error names the file, the line where there is one, and what is
/// expected; names and commands are checked too.
[[nodiscard]] Result<Scenario> read_scenario(const std::string& toml, const std::string& path);
[[nodiscard]] Result<Scenario> load_scenario(const std::string& path);

/// The text that `read_scenario` reads back.
[[nodiscard]] std::string write_scenario(const Scenario& scenario);

}  // namespace upbeat
