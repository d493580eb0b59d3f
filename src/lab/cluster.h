// SPDX-License-Identifier: Apache-2.0
// The later steps of the way up: nodes that have booted become a cluster that runs guests.
#pragma once

#include "lab/files.h"
#include "lab/names.h"
#include "lab/progress.h"
#include "lab/shape.h"

namespace upbeat::lab {

/// Until every node has booted with no failed unit.
[[nodiscard]] Done wait_for_nodes(const Names& names, const Shape& shape, Progress& progress);

/// Until Corosync has all nodes in one quorate membership and, with Upbeat, all nodes count as up.
[[nodiscard]] Done wait_for_cluster(const Names& names, const Shape& shape, Progress& progress);

/// Defines and starts the guests (by Upbeat, or by libvirt round robin without it) and waits until
/// all answer.
[[nodiscard]] Done start_guests(const Names& names, const Shape& shape, Progress& progress);

/// How many nodes `upbeat status --json` reports as online; 0 if it is not understood.
[[nodiscard]] int nodes_up(const std::string& status_json);

}  // namespace upbeat::lab
