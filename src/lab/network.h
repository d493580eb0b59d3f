// SPDX-License-Identifier: Apache-2.0
// The lab's network: namespaces, bridges and cables, none of which the machine's own network sees.
//
//     gw  br0 10.9.0.254/24 ──┬── node0p0 ══ up0 ── br0 10.9.0.1 node0 ── taps of its guests
//                             ├── node1p0 ══ up0 ── br0 10.9.0.2 node1
//         br1 10.9.1.254/24 ──┬── node0p1 ══ up1 10.9.1.1 node0
//                             └── node1p1 ══ up1 10.9.1.2 node1
//
// A node that is a machine has no namespace: its nodeNp0 and nodeNp1 are taps of its emulator.
#pragma once

#include <string>
#include <vector>

#include "lab/files.h"
#include "lab/names.h"
#include "lab/shape.h"

namespace upbeat::lab {

/// A cable of a node as it is at the gateway.
enum class Cable : std::uint8_t { plugged, pulled };

[[nodiscard]] Done build_network(const Names& names, const Shape& shape);
/// Deletes the lab's namespaces, found by their names; what was in them goes too.
[[nodiscard]] Done remove_network(const Names& names);
/// The names of the lab's namespaces that exist.
[[nodiscard]] std::vector<std::string> namespaces_of(const Names& names);

constexpr int all_links = -1;

/// Pulls or plugs one uplink of a node, or all_links.
[[nodiscard]] Done set_cable(const Names& names, const std::string& node, Cable cable, int link);
/// Of all links of the node.
[[nodiscard]] Result<std::vector<Cable>> cables_of(const Names& names, const std::string& node);

/// Moves the calling thread into a namespace of the lab; sockets that it opens from now on are
/// there.
[[nodiscard]] Done enter_namespace(const Names& names, const std::string& of);

/// The processes that are in a namespace now, cheaply: compares links below /proc.
[[nodiscard]] std::vector<pid_t> processes_in(const Names& names, const std::string& of);

}  // namespace upbeat::lab
