// SPDX-License-Identifier: Apache-2.0
// The gateway's services, each a process in the gateway's network namespace.
#include "lab/gateway.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <thread>

#include "lab/detached.h"
#include "lab/network.h"
#include "lab/node.h"
#include "lab/node_config.h"

namespace upbeat::lab {
namespace {

using namespace std::chrono_literals;

constexpr off_t disk_bytes = 64L << 20U;
constexpr auto service_limit = 10s;

Done make_disk(const std::filesystem::path& path) {
  if (auto made = make_folder(path.parent_path()); !made) return made;
  const Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.open() || ::ftruncate(fd.get(), disk_bytes) != 0) {
    return fail("cannot make the disk " + path.string() + ": " + std::strerror(errno));
  }
  return {};
}

Done start_disk(const Names& names, int index) {
  const std::string vm = vm_name(index);
  const auto path = names.disk(vm);
  if (auto made = make_disk(path); !made) return made;
  // The gateway never loses its power, so a flush may end in its page cache: a node's power cut
  // loses nothing of it, and eight guests' flushes do not make the machine's own disk the
  // bottleneck.
  auto started = start_detached(
      {.argv = {"qemu-nbd", "--format=raw", "--cache=unsafe", "--persistent", "--shared=0",
                "--export-name=" + vm, std::string("--bind=") + gateway_address,
                "--port=" + std::to_string(first_disk_port + index), path.string()},
       .record = names.records() / ("disk-" + vm),
       .log = names.logs() / ("disk-" + vm + ".log"),
       .netns = names.netns_path("gw")});
  if (!started) return std::unexpected(started.error());
  return {};
}

/// A socket of the gateway's, or of the caller's network if it cannot be entered.
Fd gateway_socket(const Names& names) {
  Fd fd;
  std::thread([&] {  // a thread of its own, so that the caller stays where it is
    if (enter_namespace(names, "gw")) fd.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  })
      .join();
  return fd;
}

sockaddr_in at_gateway(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, gateway_address, &address.sin_addr);
  return address;
}

bool connects(const Names& names, int port) {
  const Fd fd = gateway_socket(names);
  const sockaddr_in address = at_gateway(port);
  return fd.open() &&
         ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

constexpr int arbiter_port = 5403;  // corosync-qnetd(8)

/// True once the agent has its port, as its own network lists it (proc(5)). Trying to bind the port
/// would tell, too, but would take it from the agent now and then.
bool snmp_port_taken(const ProcessRecord& agent, int strip) {
  const auto sockets = read_file("/proc/" + std::to_string(agent.pid) + "/net/udp");
  in_addr address{};
  ::inet_pton(AF_INET, strip_address(strip).c_str(), &address);
  std::array<char, 16> hex{};
  std::snprintf(hex.data(), hex.size(), "%08X:00A1 ", address.s_addr);
  return sockets && sockets->contains(hex.data());
}

std::string strip_name(int strip) {
  return strip == 0 ? "power-strip" : "power-strip" + std::to_string(strip + 1);
}

Done start_power_strip(const Names& names, int strip) {
  auto community = read_file(names.keys() / "strip.community");
  if (!community) return std::unexpected(community.error());
  const std::string command = lab_program(names).string() + " lab power-strip --name " +
                              names.lab() + " --strip " + std::to_string(strip);
  const auto config = names.keys() / (strip_name(strip) + ".conf");
  if (auto done = write_file(config, snmpd_conf(strip, *community, command), 0600); !done) {
    return done;
  }
  const auto state = names.run() / strip_name(strip);
  if (auto made = make_folder(state, 0700); !made) return made;
  auto started = start_detached({
      .argv = {"snmpd", "-f", "-C", "-c", config.string(), "-Lo", "-m", "", "-I", "-smux"},
      .record = names.records() / strip_name(strip),
      .log = names.logs() / (strip_name(strip) + ".log"),
      .netns = names.netns_path("gw"),
      .environment = {"SNMP_PERSISTENT_DIR=" + state.string()},
  });
  if (!started) return std::unexpected(started.error());
  const auto answers = [&] { return snmp_port_taken(*started, strip) || !alive(*started); };
  if (wait_until(answers, service_limit) && alive(*started)) return {};
  return fail("cannot start the power strip: snmpd does not answer; the last it said is: " +
              last_line(names.logs() / (strip_name(strip) + ".log")));
}

/// There while the outlet was switched off and the node has not been switched on since.
std::filesystem::path dead_outlet(const Names& names, const std::string& node, int strip) {
  return outlets_of(names, node) / std::to_string(strip);
}

Done kill_outlet(const Names& names, const std::string& node, int strip, int supplies) {
  if (auto made = make_folder(outlets_of(names, node)); !made) return made;
  if (auto done = write_file(dead_outlet(names, node, strip), ""); !done) return done;
  for (int other = 0; other < supplies; ++other) {
    if (!std::filesystem::exists(dead_outlet(names, node, other))) return {};
  }
  return power_cut(names, node);
}

}  // namespace

Done start_disks(const Names& names, const Shape& shape) {
  for (int vm = 0; vm < shape.vms; ++vm) {
    if (auto done = start_disk(names, vm); !done) return done;
  }
  for (int vm = 0; vm < shape.vms; ++vm) {
    if (wait_until([&] { return connects(names, first_disk_port + vm); }, service_limit)) continue;
    if (interrupted()) return fail("stopped");
    return fail("cannot serve the disk of " + vm_name(vm) +
                ": qemu-nbd does not answer; the last " +
                "it said is: " + last_line(names.logs() / ("disk-" + vm_name(vm) + ".log")));
  }
  return {};
}

Done start_power_strips(const Names& names, const Shape& shape) {
  for (int strip = 0; strip < shape.supplies; ++strip) {
    if (auto done = start_power_strip(names, strip); !done) return done;
  }
  return {};
}

Done start_arbiter(const Names& names, const Shape& shape) {
  if (shape.tie != Tie::arbiter) return {};
  const auto state = names.run() / "arbiter";
  if (auto made = make_folder(state, 0700); !made) return made;
  // Its links are encrypted only with a certificate database; the lab's network is its own.
  auto started = start_detached({
      .argv = {"corosync-qnetd", "-f", "-s", "off", "-l", gateway_address, "-S",
               "lock_file=" + (state / "pid").string() +
                   ",local_socket_file=" + (state / "socket").string()},
      .record = names.records() / "arbiter",
      .log = names.logs() / "arbiter.log",
      .netns = names.netns_path("gw"),
  });
  if (!started) return std::unexpected(started.error());
  const auto answers = [&] { return connects(names, arbiter_port) || !alive(*started); };
  if (wait_until(answers, service_limit) && alive(*started)) return {};
  return fail(
      "cannot start the arbiter: corosync-qnetd does not answer; is the package "
      "corosync-qnetd installed? The last it said is: " +
      last_line(names.logs() / "arbiter.log"));
}

StripWorld strip_world(const Names& names, const Shape& shape, int strip) {
  StripWorld world;
  for (int node = 0; node < shape.nodes; ++node) world.names.push_back(node_name(node));
  world.state = [names, strip](int outlet) {
    const std::string node = node_name(outlet - 1);
    const bool dead = std::filesystem::exists(dead_outlet(names, node, strip));
    return power_of(names, node) == Power::on && !dead ? Outlet::on : Outlet::off;
  };
  world.switch_to = [names, strip, supplies = shape.supplies](int outlet, Outlet to) {
    const std::string node = node_name(outlet - 1);
    return (to == Outlet::on ? power_on(names, node) : kill_outlet(names, node, strip, supplies))
        .has_value();
  };
  return world;
}

}  // namespace upbeat::lab
