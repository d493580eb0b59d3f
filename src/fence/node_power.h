// SPDX-License-Identifier: Apache-2.0
// Asks for or switches a node's power through all its devices: attempts, levels, and what is proof.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "fence/fence_device.h"
#include "ports/fencer.h"

namespace upbeat {

/// Between two attempts at one device.
inline constexpr std::chrono::milliseconds fence_retry_pause{500};

/// Does what Fencer::act promises, through those of `devices` that have a plug for the node.
///
/// `off` and `on` are always followed by `status`, and only that is the result: an agent that says
/// "done" about a node whose status is still on has proved nothing. `off` holds when all devices of
/// one level say off. `on` tries all levels, the highest first: a device of a lower level may have
/// its own power from it. Blocks, at most for each device (1 + retries) x (2 x timeout + pause);
/// ends early when `stop_fd` turns readable.
[[nodiscard]] Result<PowerState> act_on_node(const std::vector<FenceDevice>& devices,
                                             const std::string& node, PowerAction action,
                                             int stop_fd);

}  // namespace upbeat
