// SPDX-License-Identifier: Apache-2.0
// Why a guest or a node is as it is, in sentences. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/strong.h"
#include "core/state.h"

namespace upbeat {

/// One word for lists and JSON: "running", "starting", "migrating", "waiting", "given-up", …
[[nodiscard]] std::string phase_word(const VmRecord& vm);
/// One word for lists and JSON: "online", "draining", "drained", "lost", "fenced", "left", …
[[nodiscard]] std::string standing_word(const State& state, NodeId node);

/// Sentences on how the guest or node stands, why, and what will happen next.
[[nodiscard]] std::vector<std::string> explain_vm(const State& state, const VmId& vm);
[[nodiscard]] std::vector<std::string> explain_node(const State& state, NodeId node);

}  // namespace upbeat
