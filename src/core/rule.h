// SPDX-License-Identifier: Apache-2.0
// An operator's rule for where guests may be, as data. What it means: core/rules.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/strong.h"

namespace upbeat {

enum class RuleKind : std::uint8_t {
  together,  ///< all on one node
  apart,     ///< on pairwise different nodes
  on,        ///< only on these nodes
  off,       ///< never on these nodes
};

enum class Strictness : std::uint8_t {
  strict,       ///< no decision goes against it, and guests are moved until it holds
  best_effort,  ///< the nodes that suit it are preferred
};

struct Rule {
  RuleId name;
  RuleKind kind = RuleKind::together;
  Strictness strictness = Strictness::strict;
  std::vector<VmId> vms;      ///< sorted
  std::vector<NodeId> nodes;  ///< sorted; of `on` and `off` only
  bool operator==(const Rule&) const = default;
};

/// Whether the rule is about its guests' places among each other.
[[nodiscard]] constexpr bool is_pairwise(RuleKind kind) {
  return kind == RuleKind::together || kind == RuleKind::apart;
}

inline constexpr std::size_t rule_limit = 256;            ///< rules of one cluster
inline constexpr std::size_t rule_vms_limit = 64;         ///< VMs of one rule
inline constexpr std::size_t rule_nodes_limit = 64;       ///< nodes of one rule
inline constexpr std::size_t rule_name_limit_bytes = 64;  ///< length of its name

}  // namespace upbeat
