// SPDX-License-Identifier: Apache-2.0
// A control group for each node. systemd-nspawn puts a container's groups below the one that it
// runs in; nodes that shared one would create and remove each other's.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lab/files.h"
#include "lab/names.h"

namespace upbeat::lab {

/// The hierarchies that systemd uses, from the text of /proc/self/mounts: the unified one, and on a
/// machine with the old control groups also the one named systemd (cgroups(7)).
[[nodiscard]] std::vector<std::filesystem::path> systemd_hierarchies(
    const std::string& proc_mounts);

/// Moves the calling process into the node's own group in each hierarchy, made if need be. What an
/// earlier life of the node left there is removed.
[[nodiscard]] Done enter_control_group(const Names& names, const std::string& node);

/// Removes the groups of all the lab's nodes; nothing may run in them any more.
void remove_control_groups(const Names& names);

}  // namespace upbeat::lab
