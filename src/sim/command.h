// SPDX-License-Identifier: Apache-2.0
// One line of a scenario's timeline: something that befalls the world, or is asked of the cluster.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sim/scenario.h"

namespace upbeat {

class World;

/// What a line does to a world.
using Deed = std::function<void(World&)>;

/// Reads a command of `scenario`'s timeline, "power node2 cut". An error says what is wrong and how
/// the command is written.
[[nodiscard]] Result<Deed> read_command(const std::string& text, const Scenario& scenario);

/// How each command is written, one a line, for people: "power NODE on|off|cut".
[[nodiscard]] std::vector<std::string> command_usages();

}  // namespace upbeat
