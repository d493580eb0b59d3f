// SPDX-License-Identifier: Apache-2.0
// How a node stands, in one line for its own console and its service manager. Pure.
#pragma once

#include <string>

#include "core/state.h"

namespace upbeat {

/// "3 VMs run here" or, while the node is emptied, "hands its VMs over (reboot): 2 are left, x1 is
/// 63 % copied to node2, some 2.4 s; it goes down within 590.0 s".
[[nodiscard]] std::string status_line(const State& state, NodeId node);

}  // namespace upbeat
