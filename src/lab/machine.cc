// SPDX-License-Identifier: Apache-2.0
// The emulator of a machine: how it is started, asked and attended to.
#include "lab/machine.h"

#include <sys/wait.h>

#include <fstream>

#include "lab/detached.h"
#include "lab/domain_xml.h"
#include "lab/json_socket.h"
#include "lab/machine_agent.h"

namespace upbeat::lab {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

constexpr auto answer_limit = 5s;
constexpr auto begin_limit = 10s;
constexpr auto boot_check_limit = 3s;
constexpr auto for_ever = 24h * 365;

std::filesystem::path command_socket(const Names& names, const std::string& node) {
  return names.node_run(node) / "commands.sock";
}
std::filesystem::path event_socket(const Names& names, const std::string& node) {
  return names.node_run(node) / "events.sock";
}
std::filesystem::path agent_socket(const Names& names, const std::string& node) {
  return names.node_run(node) / "agent.sock";
}

void add_monitor(std::vector<std::string>& argv, const std::string& id,
                 const std::filesystem::path& socket) {
  argv.insert(argv.end(),
              {"-chardev", "socket,id=" + id + ",path=" + socket.string() + ",server=on,wait=off",
               "-mon", "chardev=" + id + ",mode=control"});
}

/// A conversation with the emulator, past its greeting.
Result<JsonSocket> converse(const std::filesystem::path& path, JsonSocket::Deadline deadline) {
  auto socket = JsonSocket::connect(path, deadline);
  if (!socket) return socket;
  if (auto sent = socket->send({{"execute", "qmp_capabilities"}}); !sent) {
    return std::unexpected(sent.error());
  }
  if (auto answer = socket->answer(); !answer) return std::unexpected(answer.error());
  return socket;
}

/// Writes down what the emulator tells until it hangs up.
void write_down_events(const Names& names, const std::string& node, const ProcessRecord& emulator) {
  Result<JsonSocket> events = fail("not yet");
  const auto listening = [&] {
    events = converse(event_socket(names, node), std::chrono::steady_clock::now() + for_ever);
    return events.has_value() || !alive(emulator);
  };
  if (!wait_until(listening, begin_limit) || !events) return;
  std::ofstream log(names.logs() / ("events-" + node + ".log"), std::ios::app);
  for (auto event = events->receive(); event; event = events->receive()) {
    log << json::serialize(*event) << std::endl;
  }
}

}  // namespace

bool is_machine(const Names& names, const std::string& node) {
  return std::filesystem::exists(names.machine_disk(node));
}

std::string machine_kernel_arguments(const Shape& shape) {
  return "console=ttyS0 root=/dev/nvme0n1 rootwait rw quiet panic=1 net.ifnames=0 no_timer_check "
         "mitigations=off nokaslr systemd.show_status=1 cryptomgr.notests " +
         clock_arguments(shape) + "random.trust_cpu=on";
}

std::vector<std::string> machine_command(const Names& names, const Shape& shape, int index) {
  const std::string node = node_name(index);
  std::vector<std::string> argv{
      "qemu-system-x86_64",
      "-name",
      node,
      "-machine",
      "pc,accel=tcg",
      "-cpu",
      "qemu64",
      "-smp",
      "2",
      "-m",
      std::to_string(shape.node_memory_mib),
      "-nodefaults",
      "-no-user-config",
      "-display",
      "none",
      "-kernel",
      (names.share() / "vmlinuz").string(),
      "-append",
      machine_kernel_arguments(shape),
      // A power cut ends the emulator, not the machine that it runs on.
      "-drive",
      "if=none,id=disk,format=raw,cache=unsafe,file=" + names.machine_disk(node).string(),
      "-device",
      "nvme,id=nvme0,drive=disk,serial=" + node,
      "-device",
      "virtio-rng-pci",
      "-chardev",
      "file,id=console,append=on,path=" + (names.consoles() / (node + ".log")).string(),
      "-serial",
      "chardev:console",
      "-device",
      "virtio-serial-pci",
      "-chardev",
      "socket,id=agent,server=on,wait=off,path=" + agent_socket(names, node).string(),
      "-device",
      "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
  };
  for (int link = 0; link < link_count; ++link) {
    const std::string id = "link" + std::to_string(link);
    argv.insert(
        argv.end(),
        {"-netdev",
         "tap,id=" + id + ",ifname=" + gateway_port(node, link) + ",script=no,downscript=no",
         "-device", "virtio-net-pci,romfile=,netdev=" + id + ",mac=" + machine_mac(index, link)});
  }
  add_monitor(argv, "commands", command_socket(names, node));
  add_monitor(argv, "events", event_socket(names, node));
  return argv;
}

Result<json::value> command_machine(const Names& names, const std::string& node,
                                    const json::object& command) {
  auto socket =
      converse(command_socket(names, node), std::chrono::steady_clock::now() + answer_limit);
  if (!socket) return std::unexpected(socket.error());
  if (auto sent = socket->send(command); !sent) return std::unexpected(sent.error());
  const auto answer = socket->answer();
  if (!answer) return std::unexpected(answer.error());
  if (const auto* result = answer->if_contains("return")) return *result;
  return fail("the emulator of " + node + " refuses: " + json::serialize(*answer));
}

Done press_power_button(const Names& names, const std::string& node) {
  const auto pressed = command_machine(names, node, {{"execute", "system_powerdown"}});
  if (!pressed) return std::unexpected(pressed.error());
  return {};
}

Result<Finished> run_in_machine(const Names& names, const std::string& node, Command command) {
  const auto said = run_by_agent(agent_socket(names, node), command);
  if (said) return said;
  return fail("cannot run " + command.argv.at(0) + " in " + node + ": " + said.error().text);
}

bool machine_booted(const Names& names, const std::string& node) {
  const auto said = run_in_machine(
      names, node,
      {.argv = {"/usr/bin/systemctl", "is-system-running"}, .timeout = boot_check_limit});
  return said && (said->out == "running\n" || said->out == "degraded\n");
}

Done supervise_machine(const Names& names, const Shape& shape, const std::string& node) {
  auto emulator = start_detached({
      .argv = machine_command(names, shape, node_index(node)),
      .record = names.records() / ("container-" + node),
      .log = names.logs() / ("machine-" + node + ".log"),
      .netns = names.netns_path("gw"),
      .life = Life::with_starter,
  });
  if (!emulator) return std::unexpected(emulator.error());
  write_down_events(names, node, *emulator);
  ::waitpid(emulator->pid, nullptr, 0);
  return {};
}

}  // namespace upbeat::lab
