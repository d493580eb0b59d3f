// SPDX-License-Identifier: Apache-2.0
// The lab's network, built by ip(8) in batches.
#include "lab/network.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <cerrno>
#include <cstring>
#include <sstream>

#include "base/process.h"
#include "lab/process_record.h"

namespace upbeat::lab {
namespace {

Done ip_batch(const std::string& netns, const std::string& lines) {
  auto out = run_checked({.argv = {"ip", "-n", netns, "-batch", "-"}, .input = lines});
  if (!out) return std::unexpected(out.error());
  return {};
}

Done add_namespace(const std::string& name) {
  auto out = run_checked({.argv = {"ip", "netns", "add", name}});
  if (!out) return std::unexpected(out.error());
  return {};
}

/// Between hosts that are one machine there is no delay that large buffers could bridge. What they
/// hold is memory that the source of a migration believes to be sent, and a guest has to stand
/// still until its target has taken that in: with Linux 6.18's default of 32 MiB up to 200 ms.
Done limit_buffers(const std::string& netns) {
  static constexpr const char* limit =
      "echo 4096 131072 262144 >/proc/sys/net/ipv4/tcp_rmem && "
      "echo 4096 16384 262144 >/proc/sys/net/ipv4/tcp_wmem";
  auto out = run_checked({.argv = {"ip", "netns", "exec", netns, "sh", "-c", limit}});
  if (!out) return std::unexpected(out.error());
  return {};
}

/// A bridge that is not told its MAC address takes the lowest of its ports'. Now and then that is a
/// guest's tap, whose address (fe:… and the guest's) exists on the source and on the target of a
/// migration: each takes the other's packets for its own, and they do not hear each other any more.
std::string bridge_lines(const std::string& bridge, const std::string& mac,
                         const std::string& address) {
  return "link add " + bridge + " address " + mac + " type bridge\nlink set " + bridge +
         " up\naddr add " + address + "/24 brd + dev " + bridge + "\n";
}

Done build_gateway(const Names& names) {
  if (auto added = add_namespace(names.netns("gw")); !added) return added;
  std::string lines = "link set lo up\n";
  for (int link = 0; link < link_count; ++link) {
    lines += bridge_lines("br" + std::to_string(link), bridge_mac(gateway_host_part - 1, link),
                          node_address(gateway_host_part - 1, link));
  }
  for (int strip = 1; strip < supply_limit; ++strip) {
    lines += "addr add " + strip_address(strip) + "/24 dev br0\n";
  }
  return ip_batch(names.netns("gw"), lines);
}

Done build_node(const Names& names, int index) {
  const std::string node = node_name(index);
  if (auto added = add_namespace(names.netns(node)); !added) return added;
  if (auto limited = limit_buffers(names.netns(node)); !limited) return limited;
  std::string gateway;
  for (int link = 0; link < link_count; ++link) {
    const std::string port = gateway_port(node, link);
    gateway += "link add " + port + " type veth peer name up" + std::to_string(link) + " netns " +
               names.netns(node) + "\nlink set " + port + " master br" + std::to_string(link) +
               " up\n";
  }
  if (auto done = ip_batch(names.netns("gw"), gateway); !done) return done;
  return ip_batch(names.netns(node),
                  "link set lo up\n" +
                      bridge_lines("br0", bridge_mac(index, 0), node_address(index, 0)) +
                      "link set up0 master br0 up\n"
                      "link set up1 up\naddr add " +
                      node_address(index, 1) + "/24 brd + dev up1\n");
}

Done build_machine(const Names& names, int index) {
  std::string lines;
  for (int link = 0; link < link_count; ++link) {
    const std::string port = gateway_port(node_name(index), link);
    lines += "tuntap add dev " + port + " mode tap\nlink set " + port + " master br" +
             std::to_string(link) + " up\n";
  }
  return ip_batch(names.netns("gw"), lines);
}

}  // namespace

Done build_network(const Names& names, const Shape& shape) {
  if (auto done = build_gateway(names); !done) return done;
  for (int node = 0; node < shape.nodes; ++node) {
    auto done = is_machine(shape, node) ? build_machine(names, node) : build_node(names, node);
    if (!done) return done;
  }
  return {};
}

std::vector<std::string> namespaces_of(const Names& names) {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/run/netns", error)) {
    const std::string name = entry.path().filename();
    if (name.starts_with(names.namespace_prefix())) found.push_back(name);
  }
  return found;
}

Done remove_network(const Names& names) {
  for (const auto& name : namespaces_of(names)) {
    auto out = run_checked({.argv = {"ip", "netns", "delete", name}});
    if (!out) return std::unexpected(out.error());
  }
  return {};
}

Done set_cable(const Names& names, const std::string& node, Cable cable, int link) {
  std::string lines;
  for (int each = 0; each < link_count; ++each) {
    if (link != all_links && link != each) continue;
    lines +=
        "link set " + gateway_port(node, each) + (cable == Cable::pulled ? " down\n" : " up\n");
  }
  return ip_batch(names.netns("gw"), lines);
}

Result<std::vector<Cable>> cables_of(const Names& names, const std::string& node) {
  auto out = run_checked({.argv = {"ip", "-n", names.netns("gw"), "-o", "link", "show", "up"}});
  if (!out) return std::unexpected(out.error());
  std::vector<Cable> cables;
  for (int link = 0; link < link_count; ++link) {
    const std::string port = " " + gateway_port(node, link);  // a veth, or a machine's tap
    const bool up = out->contains(port + "@") || out->contains(port + ":");
    cables.push_back(up ? Cable::plugged : Cable::pulled);
  }
  return cables;
}

Done enter_namespace(const Names& names, const std::string& of) {
  const Fd fd(::open(names.netns_path(of).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.open() || ::setns(fd.get(), CLONE_NEWNET) != 0) {
    return fail("cannot enter the network of " + of + " of the lab '" + names.lab() +
                "': " + std::strerror(errno) + "; is the lab up, and are you root?");
  }
  return {};
}

std::vector<pid_t> processes_in(const Names& names, const std::string& of) {
  struct stat wanted{};
  if (::stat(names.netns_path(of).c_str(), &wanted) != 0) return {};
  std::vector<pid_t> found;
  for (const pid_t pid : all_processes()) {
    struct stat its{};
    const std::string link = "/proc/" + std::to_string(pid) + "/ns/net";
    if (::stat(link.c_str(), &its) == 0 && its.st_ino == wanted.st_ino &&
        its.st_dev == wanted.st_dev) {
      found.push_back(pid);
    }
  }
  return found;
}

}  // namespace upbeat::lab
