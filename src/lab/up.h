// SPDX-License-Identifier: Apache-2.0
// Brings a lab up and takes it down, leaving nothing.
#pragma once

#include <filesystem>
#include <string>

#include "lab/files.h"
#include "lab/names.h"
#include "lab/progress.h"
#include "lab/shape.h"

namespace upbeat::lab {

struct UpOptions {
  Shape shape;
  std::filesystem::path deb;      ///< Upbeat's package; empty: look in the usual places
  std::filesystem::path program;  ///< the `upbeat` that runs; it is copied into the lab
};

/// Brings up a lab: image, network, disks, power strip, nodes, cluster, guests. What a lab of this
/// name that was killed has left is removed first. On an error, or when the user asks to stop
/// (catch_interrupts()), everything made so far is removed again.
[[nodiscard]] Done bring_up(const Names& names, const UpOptions& options, Progress& progress);

/// Ends every process, unmounts, deletes and removes all that a lab of this name has made, however
/// far it had come. That there is no lab is no error.
[[nodiscard]] Done take_down(const Names& names);

/// True if there is anything of a lab of this name: files, namespaces or mounts.
[[nodiscard]] bool anything_left(const Names& names);

/// One sentence if this user or this machine cannot run a lab.
[[nodiscard]] Done check_machine();

/// True if `corosync-quorumtool -s` says that `nodes` nodes are together and quorate.
[[nodiscard]] bool all_in_quorum(const std::string& quorumtool_output, int nodes);

}  // namespace upbeat::lab
