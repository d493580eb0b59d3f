// SPDX-License-Identifier: Apache-2.0
// What a node finds on its disk when it boots for the first time.
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "lab/machine.h"
#include "lab/node.h"
#include "lab/node_config.h"
#include "lab/overlay.h"

namespace upbeat::lab {
namespace {

struct NodeFile {
  const char* path;
  std::string text;
  unsigned mode = 0644;
};

std::string uuid_from(const std::string& hex) {  // 32 digits, marked as a random UUID (RFC 4122)
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-4" + hex.substr(13, 3) + "-8" +
         hex.substr(17, 3) + "-" + hex.substr(20, 12);
}

Done enable_tcp_migration(const std::filesystem::path& root) {
  const auto wants = root / "etc/systemd/system/sockets.target.wants";
  if (auto made = make_folder(wants); !made) return made;
  std::error_code error;
  std::filesystem::create_symlink("/lib/systemd/system/libvirtd-tcp.socket",
                                  wants / "libvirtd-tcp.socket", error);
  if (error && error != std::errc::file_exists) {
    return fail("cannot enable libvirt's TCP socket in a node: " + error.message());
  }
  return {};
}

/// systemd-nspawn mounts /sys before it enters the node's network, so what is there of network
/// devices is the machine's. A node shows its own, as any host does.
constexpr const char* own_devices_unit = "etc/systemd/system/lab-own-devices.service";
constexpr const char* own_devices =
    "[Unit]\n"
    "Description=The lab's node shows its own network devices in /sys\n"
    "DefaultDependencies=no\n"
    "Before=sysinit.target\n"
    "[Service]\n"
    "Type=oneshot\n"
    "ExecStart=/bin/sh -c 'mkdir -p /run/sysfs && mount -t sysfs sysfs /run/sysfs && "
    "mount --bind /run/sysfs/devices/virtual/net /sys/devices/virtual/net && "
    "mount --bind /run/sysfs/class/net /sys/class/net'\n";

Done show_own_devices(const std::filesystem::path& root) {
  if (auto done = write_file(root / own_devices_unit, own_devices, 0644); !done) return done;
  const auto wants = root / "etc/systemd/system/sysinit.target.wants";
  if (auto made = make_folder(wants); !made) return made;
  std::error_code error;
  std::filesystem::create_symlink("../lab-own-devices.service", wants / "lab-own-devices.service",
                                  error);
  if (error && error != std::errc::file_exists) {
    return fail("cannot let a node show its own network devices: " + error.message());
  }
  return {};
}

/// The image has it masked: without an arbiter to ask it fails.
Done enable_quorum_device(const std::filesystem::path& root) {
  const auto units = root / "etc/systemd/system";
  std::error_code error;
  std::filesystem::remove(units / "corosync-qdevice.service", error);
  if (auto made = make_folder(units / "multi-user.target.wants"); !made) return made;
  std::filesystem::create_symlink("/lib/systemd/system/corosync-qdevice.service",
                                  units / "multi-user.target.wants/corosync-qdevice.service",
                                  error);
  if (error && error != std::errc::file_exists) {
    return fail("cannot enable the quorum device in a node: " + error.message());
  }
  return {};
}

}  // namespace

Done prepare_node(const Names& names, const Shape& shape, int index,
                  const std::vector<std::filesystem::path>& layers) {
  const std::string node = node_name(index);
  const auto root = names.node_root(node);
  if (auto done = mount_overlay(names.node_data(node), layers); !done) return done;
  auto authkey = read_file(names.keys() / "authkey");
  auto community = read_file(names.keys() / "strip.community");
  auto machine_id = random_bytes(16);
  auto host_id = random_bytes(16);
  for (const auto* text : {&authkey, &community, &machine_id, &host_id}) {
    if (!*text) return std::unexpected(text->error());
  }
  const NodeFile files[] = {
      {"etc/hostname", node + "\n"},
      {"etc/hosts", hosts_file(shape)},
      {"etc/machine-id", to_hex(*machine_id) + "\n", 0444},
      {"etc/corosync/corosync.conf", corosync_conf(shape)},
      {"etc/corosync/authkey", *authkey, 0400},
      {"etc/libvirt/libvirtd.conf", libvirtd_conf(uuid_from(to_hex(*host_id)))},
      {"etc/libvirt/qemu.conf", qemu_conf(), 0600},
      {"etc/upbeat/upbeat.toml", upbeat_toml(shape), 0600},
      {"etc/upbeat/strip.community", *community, 0600},
  };
  for (const auto& file : files) {
    if (auto done = write_file(root / file.path, file.text, file.mode); !done) return done;
  }
  if (shape.tie == Tie::arbiter) {
    if (auto done = enable_quorum_device(root); !done) return done;
  }
  if (auto done = enable_tcp_migration(root); !done) return done;
  if (!is_machine(shape, index)) return show_own_devices(root);
  return make_machine_disk(names, index);
}

}  // namespace upbeat::lab
