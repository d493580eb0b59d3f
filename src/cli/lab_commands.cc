// SPDX-License-Identifier: Apache-2.0
// The command line of the lab: options in, one call, one sentence if it went wrong.
#include "cli/lab_commands.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lab/files.h"
#include "lab/gateway.h"
#include "lab/lab.h"
#include "lab/machine.h"
#include "lab/power_strip.h"
#include "lab/status.h"
#include "lab/up.h"

namespace upbeat {
namespace {

using namespace upbeat::lab;
using namespace std::chrono_literals;

constexpr auto machine_limit = 24h;  ///< for a program in a machine

/// What all the group's commands may be told; lives as long as the application.
struct Told {
  std::string name = "lab";
  std::string node;
  std::string vm;
  std::string what;
  std::string deb;
  Shape shape;
  int link = all_links;
  int strip = 0;
  bool json = false;
  bool without_upbeat = false;
  std::vector<std::string> command;
};

template <class T>
T or_exit(Result<T> result) {
  if (!result) {
    std::cerr << "upbeat: " << result.error().text << "\n";
    throw CLI::RuntimeError(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

std::filesystem::path own_program() { return std::filesystem::read_symlink("/proc/self/exe"); }

Lab opened(const Told& told) { return or_exit(Lab::open(told.name)); }

/// A lab in which the node that was named exists.
Lab opened_with_node(const Told& told) {
  Lab lab = opened(told);
  if (lab.has_node(told.node)) return lab;
  std::cerr << "upbeat: the lab '" << told.name << "' has no node '" << told.node << "'; it has "
            << lab.nodes().front().name << " to " << lab.nodes().back().name << "\n";
  throw CLI::RuntimeError(1);
}

/// Leaves nothing of a lab that is no more.
void forget(Lock& lock) {
  lock.remove();
  ::rmdir(run_root().c_str());  // only if no other lab has anything in it
}

void run_up(const Told& told) {
  const Names names = or_exit(Names::of(told.name));
  or_exit(check_machine());
  if (told.shape.machines >= told.shape.nodes) {
    or_exit<void>(fail("cannot make " + std::to_string(told.shape.machines) + " machines of " +
                       std::to_string(told.shape.nodes) +
                       " nodes: the first one has to be a container; name fewer with --machines"));
  }
  Lock lock = or_exit(Lock::take(names.lock(), "the lab '" + told.name + "'"));
  catch_interrupts();
  UpOptions options{.shape = told.shape, .deb = told.deb, .program = own_program()};
  options.shape.software = told.without_upbeat ? Software::none : Software::upbeat;
  Progress progress;
  const auto up = bring_up(names, options, progress);
  if (!up && !anything_left(names)) forget(lock);
  or_exit(up);
  std::cerr << "The lab is up: 'upbeat lab status' shows it, 'upbeat lab exec node0 -- upbeat "
               "status' asks the cluster.\n";
}

void run_down(const Told& told) {
  const Names names = or_exit(Names::of(told.name));
  or_exit(check_machine());
  const bool locked_out = std::filesystem::exists(names.lock()) || anything_left(names);
  if (!locked_out) {
    std::cerr << "There is no lab '" << told.name << "'.\n";
    return;
  }
  Lock lock = or_exit(Lock::take(names.lock(), "the lab '" + told.name + "'"));
  or_exit(take_down(names));
  forget(lock);
}

/// Becomes `argv`; returns only if that is impossible.
void become(const std::vector<std::string>& argv) {
  std::vector<char*> words;
  for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execvp(words[0], words.data());
  or_exit<void>(fail("cannot run " + argv[0] + ": " + std::strerror(errno)));
}

void run_exec(const Told& told) {
  const Lab lab = opened_with_node(told);
  auto argv = told.command;
  const char* terminal = std::getenv("TERM");
  if (terminal != nullptr) argv.insert(argv.begin(), {"env", std::string("TERM=") + terminal});
  become(or_exit(inside(lab.names(), told.node, argv)));
}

void run_power(const Told& told) {
  const Lab lab = opened_with_node(told);
  if (told.what == "on") or_exit(lab.switch_on(told.node));
  if (told.what == "off") or_exit(lab.shut_down(told.node));
  if (told.what == "cut") or_exit(lab.cut_power(told.node));
}

void run_cable(const Told& told) {
  const Lab lab = opened_with_node(told);
  const Cable cable = told.what == "pull" ? Cable::pulled : Cable::plugged;
  or_exit(set_cable(lab.names(), told.node, cable, told.link));
}

/// On a terminal the guest's own console; else what it has said so far.
void run_console(const Told& told) {
  const Lab lab = opened(told);
  for (const auto& process : lab.qemu_processes()) {
    if (process.vm != told.vm || ::isatty(STDIN_FILENO) != 1) continue;
    become(or_exit(inside(lab.names(), process.node, {"virsh", "console", "--force", told.vm})));
  }
  const auto log = lab.names().consoles() / (told.vm + ".log");
  if (!std::filesystem::exists(log)) {
    or_exit<void>(fail("the VM '" + told.vm + "' has no console: it has not run in this lab"));
  }
  std::cout << or_exit(read_file(log));
}

void run_status(const Told& told) {
  const Lab lab = opened(told);
  std::cout << (told.json ? status_json(lab) : status_text(lab));
}

void run_power_strip(const Told& told) {
  const Lab lab = opened(told);
  serve_strip(strip_world(lab.names(), lab.shape(), told.strip), std::cin, std::cout);
}

void run_node(const Told& told) {
  or_exit(supervise_node(or_exit(Names::of(told.name)), told.node));
}

/// Hands on what a program in a machine said, and how it ended.
void run_in_a_machine(const Told& told) {
  const auto finished = or_exit(run_in_machine(or_exit(Names::of(told.name)), told.node,
                                               {.argv = told.command, .timeout = machine_limit}));
  std::cout << finished.out << std::flush;
  std::cerr << finished.err;
  if (finished.exit_status != 0) throw CLI::RuntimeError(finished.exit_status);
}

void run_qmp(const Told& told) {
  const Lab lab = opened_with_node(told);
  boost::system::error_code error;
  const auto command = boost::json::parse(told.what, error);
  if (error || !command.is_object()) {
    or_exit<void>(
        fail("cannot say that to the emulator of " + told.node + ": it is no JSON object"));
  }
  std::cout << or_exit(command_machine(lab.names(), told.node, command.as_object())) << "\n";
}

CLI::App* command(CLI::App& group, Told& told, const char* name, const char* what,
                  void (*body)(const Told&)) {
  auto* added = group.add_subcommand(name, what);
  added->add_option("--name", told.name, "which lab")->capture_default_str();
  added->callback([&told, body] { body(told); });
  return added;
}

void add_up(CLI::App& group, Told& told) {
  auto* up = command(group, told, "up", "Bring a lab up", run_up);
  up->add_option("--nodes", told.shape.nodes, "how many nodes")
      ->check(CLI::Range(1, node_limit))
      ->capture_default_str();
  up->add_option("--machines", told.shape.machines,
                 "how many of them, the last ones, are emulated machines and no containers")
      ->check(CLI::Range(0, node_limit))
      ->capture_default_str();
  up->add_option("--vms", told.shape.vms, "how many guests of 256 MiB")
      ->check(CLI::Range(0, vm_limit))
      ->capture_default_str();
  up->add_option("--deb", told.deb, "Upbeat's package for the nodes");
  up->add_option("--token", told.shape.token_ms, "Corosync's token time in ms")
      ->check(CLI::Range(300, 60'000))
      ->capture_default_str();
  up->add_option("--supplies", told.shape.supplies,
                 "power supplies of a node, each on a power strip of its own")
      ->check(CLI::Range(1, supply_limit))
      ->capture_default_str();
  up->add_flag_callback(
      "--qdevice", [&told] { told.shape.tie = Tie::arbiter; },
      "a quorum device on the gateway says who goes on when half of the nodes is gone");
  add_echo_option(*up, told.shape.echo);
  up->add_option("--watchdog", told.shape.watchdog_s,
                 "give each node a watchdog, and its upbeatd so many seconds")
      ->check(CLI::Range(10, 120));
  up->add_option("--fencing", told.shape.fencing,
                 "who proves a lost node off: the power strip, or none (then a watchdog, if any)")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Fencing>{{"strip", Fencing::strip}, {"none", Fencing::none}}))
      ->default_str("strip");
  up->add_flag("--without-upbeat", told.without_upbeat, "leave Upbeat out")->group("");
}

}  // namespace

void add_echo_option(CLI::App& command, Echo& echo) {
  command
      .add_option("--echo", echo,
                  "who in a guest answers probes: its network driver, or its whole network stack, "
                  "which an emulated processor has to translate anew after each migration")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Echo>{{"driver", Echo::driver}, {"stack", Echo::stack}}))
      ->default_str("driver");
}

CLI::App& add_lab(CLI::App& app) {
  auto* group = app.add_subcommand("lab", "A whole cluster on this machine, out of real parts");
  group->require_subcommand(1);
  static Told told;
  add_up(*group, told);
  command(*group, told, "down", "Remove a lab", run_down);
  command(*group, told, "status", "Show what runs where, seen from outside", run_status)
      ->add_flag("--json", told.json, "for programs");
  auto* exec = command(*group, told, "exec", "Run a command in a node", run_exec);
  exec->add_option("node", told.node, "which node")->required();
  exec->add_option("command", told.command, "after --, what to run")->required();
  auto* power = command(*group, told, "power", "Press a node's button or cut its power", run_power);
  power->add_option("node", told.node, "which node")->required();
  power->add_option("what", told.what, "off, on or cut")
      ->required()
      ->check(CLI::IsMember({"off", "on", "cut"}));
  auto* cable = command(*group, told, "cable", "Pull or plug a node's network cables", run_cable);
  cable->add_option("node", told.node, "which node")->required();
  cable->add_option("what", told.what, "pull or plug")
      ->required()
      ->check(CLI::IsMember({"pull", "plug"}));
  cable->add_option("--link", told.link, "only link 0 or 1")->check(CLI::Range(0, link_count - 1));
  command(*group, told, "console", "A guest's console", run_console)
      ->add_option("vm", told.vm, "which guest")
      ->required();
  auto* qmp =
      command(*group, told, "qmp", "Command the emulator of a node that is a machine", run_qmp);
  qmp->add_option("node", told.node, "which node")->required();
  qmp->add_option("command", told.what, "a JSON object, as {\"execute\":\"query-status\"}")
      ->required();
  auto* in_machine =
      command(*group, told, "run-in-machine", "Run a command in a machine", run_in_a_machine);
  in_machine->group("");
  in_machine->add_option("node", told.node, "which node")->required();
  in_machine->add_option("command", told.command, "after --, what to run")->required();
  command(*group, told, "power-strip", "Serve a power strip's outlets", run_power_strip)
      ->group("")
      ->add_option("--strip", told.strip, "which")
      ->check(CLI::Range(0, supply_limit - 1));
  command(*group, told, "run-node", "Run a node's container", run_node)
      ->group("")
      ->add_option("node", told.node, "which node")
      ->required();
  return *group;
}

}  // namespace upbeat
