// SPDX-License-Identifier: Apache-2.0
// Configuration files of the lab's nodes and of its power strip.
#include "lab/node_config.h"

#include <sstream>

#include "lab/names.h"
#include "lab/power_strip.h"

namespace upbeat::lab {

namespace {

std::string quorum_section(const Shape& shape) {
  std::string text = "quorum {\n  provider: corosync_votequorum\n";
  if (shape.tie == Tie::arbiter) {
    text += std::string("  device {\n    model: net\n    votes: 1\n    net {\n      host: ") +
            gateway_address + "\n      algorithm: ffsplit\n      tls: off\n    }\n  }\n";
  } else if (shape.nodes == 2) {
    text += "  two_node: 1\n  wait_for_all: 1\n";
  }
  return text + "}\n";
}

}  // namespace

std::string corosync_conf(const Shape& shape) {
  std::ostringstream out;
  // Corosync's parser wants `{` at the end of its line and `}` alone on its own. After each message
  // its token goes round 30 times more before it rests, in real-time priority: four nodes on two
  // processors would spend 25 ms on that, in which no guest answers.
  out << "totem {\n"
         "  version: 2\n"
         "  cluster_name: lab\n"
         "  transport: knet\n"
         "  token: "
      << shape.token_ms
      << "\n"
         "  token_coefficient: 0\n"
         "  seqno_unchanged_const: 3\n"
         "  crypto_cipher: aes256\n"
         "  crypto_hash: sha256\n"
         "}\n"
      << quorum_section(shape)
      << "logging {\n"
         "  to_stderr: no\n"
         "  to_logfile: yes\n"
         "  logfile: /var/log/corosync/corosync.log\n"
         "  to_syslog: yes\n"
         "  timestamp: hires\n"
         "}\n"
         "nodelist {\n";
  for (int node = 0; node < shape.nodes; ++node) {
    out << "  node {\n    name: " << node_name(node) << "\n    nodeid: " << node + 1 << "\n";
    for (int link = 0; link < link_count; ++link) {
      out << "    ring" << link << "_addr: " << node_address(node, link) << "\n";
    }
    out << "  }\n";
  }
  out << "}\n";
  return out.str();
}

std::string hosts_file(const Shape& shape) {
  std::string out = "127.0.0.1 localhost\n";
  for (int node = 0; node < shape.nodes; ++node) {
    out += node_address(node, 0) + " " + node_name(node) + "\n";
  }
  out += std::string(gateway_address) + " gateway\n";
  for (int vm = 0; vm < shape.vms; ++vm) out += guest_address(vm) + " " + vm_name(vm) + "\n";
  return out;
}

std::string libvirtd_conf(const std::string& host_uuid) {
  return "listen_tls = 0\nlisten_tcp = 1\nauth_tcp = \"none\"\nhost_uuid = \"" + host_uuid + "\"\n";
}

std::string qemu_conf() {
  return "security_driver = \"none\"\n"
         "user = \"root\"\n"
         "group = \"root\"\n"
         "dynamic_ownership = 0\n"
         "remember_owner = 0\n"
         "cgroup_controllers = []\n"
         "namespaces = []\n"
         "stdio_handler = \"file\"\n";
}

std::string upbeat_toml(const Shape& shape) {
  std::ostringstream out;
  out << "[node]\n"
         "memory_mib = "
      << shape.node_memory_mib
      << "          # what this host has; default: what libvirt says\n"
         "host_reserve_mib = "
      << shape.host_reserve_mib
      << "     # of it, not for guests\n"
         "[hypervisor]\n"
         "uri = \"qemu:///system\"\n"
         "migrate_uri = \"qemu+tcp://{node}/system\"\n";
  if (shape.watchdog_s > 0) out << "[watchdog]\ntimeout_s = " << shape.watchdog_s << "\n";
  if (shape.fencing == Fencing::none) return out.str();
  for (int strip = 0; strip < shape.supplies; ++strip) {
    out << "[fence.power-strip" << (strip == 0 ? "" : std::to_string(strip + 1))
        << "]\n"
           "agent = \"fence_apc_snmp\"\n"
           "timeout_s = 20\n"
           "options = { ip = \""
        << strip_address(strip)
        << "\", community_file = \"/etc/upbeat/strip.community\", snmp_version = \"2c\" }\n"
           "plugs = {";
    for (int node = 0; node < shape.nodes; ++node) {
      out << (node == 0 ? " " : ", ") << node_name(node) << " = \"" << node + 1 << "\"";
    }
    out << " }\n";
  }
  return out.str();
}

std::string machine_network(int index) {
  return "link add br0 address " + bridge_mac(index, 0) +
         " type bridge\nlink set br0 up\naddr add " + node_address(index, 0) +
         "/24 brd + dev br0\nlink set eth0 master br0 up\nlink set eth1 up\naddr add " +
         node_address(index, 1) + "/24 brd + dev eth1\n";
}

std::string machine_network_unit() {
  return "[Unit]\n"
         "Description=The network of a machine of the lab\n"
         "Requires=sys-subsystem-net-devices-eth0.device sys-subsystem-net-devices-eth1.device\n"
         "After=sys-subsystem-net-devices-eth0.device sys-subsystem-net-devices-eth1.device\n"
         "Before=network.target network-online.target\n"
         "Wants=network.target\n"
         "[Service]\n"
         "Type=oneshot\n"
         "RemainAfterExit=yes\n"
         "ExecStart=/usr/sbin/ip -batch /etc/lab-network\n"
         "[Install]\n"
         "WantedBy=multi-user.target\n";
}

std::string snmpd_conf(int strip, const std::string& community, const std::string& outlet_command) {
  std::ostringstream out;
  out << "agentAddress udp:" << strip_address(strip) << ":161\n"
      << "view strip included " << strip_root << "\n"
      << "view strip included .1.3.6.1.2.1.1\n"
      << "rwcommunity " << community << " 10.9.0.0/16 -V strip\n"
      << "sysObjectID " << strip_product << "\n"
      << "sysDescr Upbeat lab, switched power strip\n"
      << "sysName power-strip" << strip + 1 << "\n"
      << "pass_persist " << strip_root << " " << outlet_command << "\n";
  return out.str();
}

}  // namespace upbeat::lab
