// SPDX-License-Identifier: Apache-2.0
// The text of a node's configuration files. Pure functions: a shape in, a file's contents out.
#pragma once

#include <string>

#include "lab/shape.h"

namespace upbeat::lab {

/// corosync.conf(5): knet over two links, encrypted, votes by node; two nodes as two_node with
/// wait_for_all, or with a quorum device (corosync-qdevice(8)) on the gateway.
[[nodiscard]] std::string corosync_conf(const Shape& shape);
[[nodiscard]] std::string hosts_file(const Shape& shape);
/// libvirtd: plain TCP inside the lab's own network, and an identity of its own, since all nodes
/// look like the same machine to libvirt, which then refuses to migrate between them.
[[nodiscard]] std::string libvirtd_conf(const std::string& host_uuid);
[[nodiscard]] std::string qemu_conf();
/// /etc/upbeat/upbeat.toml; a lost node is proved off by the power strips, one for each supply of a
/// node, by its watchdog, by both or by nothing.
[[nodiscard]] std::string upbeat_toml(const Shape& shape);
/// What a machine does with its network cards, for `ip -batch`: as network.h draws a node.
[[nodiscard]] std::string machine_network(int index);
/// The unit that does it, before Corosync starts.
[[nodiscard]] std::string machine_network_unit();
/// snmpd.conf(5) of a power strip: it answers on its address, to this community, only the system
/// identity of an APC rack PDU and the outlets, which `outlet_command` serves.
[[nodiscard]] std::string snmpd_conf(int strip, const std::string& community,
                                     const std::string& outlet_command);

}  // namespace upbeat::lab
