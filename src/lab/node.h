// SPDX-License-Identifier: Apache-2.0
// One node: a systemd-nspawn container that boots a Debian of its own, with a power button.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/process.h"
#include "lab/files.h"
#include "lab/names.h"
#include "lab/process_record.h"
#include "lab/shape.h"

namespace upbeat::lab {

enum class Power : std::uint8_t { off, on };

/// The lab's own copy of the `upbeat` program, which supervises nodes and serves the power strip.
[[nodiscard]] std::filesystem::path lab_program(const Names& names);

/// Gives the node its files: an overlay over `layers` (uppermost first) with the node's own
/// configuration in it. The overlay stays mounted until remove_node_files().
[[nodiscard]] Done prepare_node(const Names& names, const Shape& shape, int index,
                                const std::vector<std::filesystem::path>& layers);

/// Marks of the node's outlets that were switched off; they go when it is switched on.
[[nodiscard]] std::filesystem::path outlets_of(const Names& names, const std::string& node);

/// Switches the node on; done when its container is being started. On already: nothing happens.
[[nodiscard]] Done power_on(const Names& names, const std::string& node);
/// Power cut: the container's init gets SIGKILL and with it every process of its PID namespace.
/// Done when none is left. Off already: nothing happens.
[[nodiscard]] Done power_cut(const Names& names, const std::string& node);
/// Presses the power button: the node shuts down in good order, in at most `limit`.
[[nodiscard]] Done power_off(const Names& names, const std::string& node,
                             std::chrono::milliseconds limit);
/// From the world: off means that nothing of the node runs any more.
[[nodiscard]] Power power_of(const Names& names, const std::string& node);

/// The process that is the container's init, while there is one.
[[nodiscard]] std::optional<ProcessRecord> init_of(const Names& names, const std::string& node);
/// True once the init that runs now has said that it has booted.
[[nodiscard]] bool booted(const Names& names, const std::string& node);

/// The argument list that runs `argv` inside the node as root, from outside.
[[nodiscard]] Result<std::vector<std::string>> inside(const Names& names, const std::string& node,
                                                      const std::vector<std::string>& argv);
/// Runs a program inside the node to its end.
[[nodiscard]] Result<Finished> run_inside(const Names& names, const std::string& node,
                                          Command command);

/// The body of `upbeat lab run-node`: runs the container and keeps its console until it ends.
[[nodiscard]] Done supervise_node(const Names& names, const std::string& node);

}  // namespace upbeat::lab
