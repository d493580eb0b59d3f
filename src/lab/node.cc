// SPDX-License-Identifier: Apache-2.0
// Power and insight: what the lab does to a node from outside.
#include "lab/node.h"

#include <unistd.h>

#include <csignal>
#include <sstream>
#include <thread>

#include "lab/detached.h"
#include "lab/machine.h"
#include "lab/network.h"

namespace upbeat::lab {
namespace {

using namespace std::chrono_literals;

constexpr const char* root_environment[] = {
    "/usr/bin/env", "HOME=/root", "LANG=C.UTF-8",
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
constexpr auto switch_limit = 10s;  ///< for a container to begin or, after SIGKILL, to be gone

std::filesystem::path supervisor_record(const Names& names, const std::string& node) {
  return names.records() / ("supervisor-" + node);
}
std::filesystem::path container_record(const Names& names, const std::string& node) {
  return names.records() / ("container-" + node);
}

bool recorded_alive(const std::filesystem::path& path) {
  const auto record = read_record(path);
  return record && alive(*record);
}

/// A process's number in its own, innermost PID namespace, and how deep that lies.
struct InnerPid {
  std::size_t depth = 0;
  pid_t pid = 0;
};

InnerPid inner_pid(pid_t pid) {
  const auto status = read_file("/proc/" + std::to_string(pid) + "/status");
  if (!status) return {};
  const auto at = status->find("\nNSpid:");
  if (at == std::string::npos) return {};
  std::istringstream words(status->substr(at + 7, status->find('\n', at + 1) - at - 7));
  InnerPid inner;
  for (pid_t number = 0; words >> number; ++inner.depth) inner.pid = number;
  return inner;
}

Result<Lock> switch_lock(const Names& names, const std::string& node) {
  const auto deadline = std::chrono::steady_clock::now() + switch_limit;
  while (true) {  // somebody else at the switch needs a moment, not a refusal
    auto lock = Lock::take(names.node_run(node) / "switch.lock", "the power of " + node);
    if (lock || std::chrono::steady_clock::now() > deadline) return lock;
    std::this_thread::sleep_for(10ms);
  }
}

/// Waits for the node to be dark, whatever the user's Ctrl-C says: half a power cut is none.
bool wait_dark(const Names& names, const std::string& node, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (power_of(names, node) == Power::on) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

/// The end of a log, for a message: who reads it may find the log gone with its lab.
std::string last_words(const std::filesystem::path& log) {
  constexpr std::size_t enough = 400;
  const std::string text = read_file(log).value_or("");
  const auto end = text.find_last_not_of(" \r\n");
  if (end == std::string::npos) return "; " + log.string() + " is empty";
  const auto begin = end < enough ? 0 : end + 1 - enough;
  return "; " + log.string() + " ends with '" + text.substr(begin, end + 1 - begin) + "'";
}

}  // namespace

std::filesystem::path lab_program(const Names& names) { return names.data() / "bin" / "upbeat"; }

std::optional<ProcessRecord> init_of(const Names& names, const std::string& node) {
  const auto container = read_record(container_record(names, node));
  if (!container || !alive(*container)) return {};
  for (const pid_t pid : all_processes()) {
    const auto stat = stat_of(pid);
    if (!stat || stat->parent != container->pid || stat->state == 'Z') continue;
    const auto inner = inner_pid(pid);
    if (inner.depth > 1 && inner.pid == 1) return stat->record;
  }
  return {};
}

Power power_of(const Names& names, const std::string& node) {
  if (recorded_alive(container_record(names, node))) return Power::on;
  if (recorded_alive(supervisor_record(names, node))) return Power::on;
  const auto own_depth = inner_pid(::getpid()).depth;
  for (const pid_t pid : processes_in(names, node)) {
    const auto stat = stat_of(pid);
    if (inner_pid(pid).depth > own_depth && stat && stat->state != 'Z') return Power::on;
  }
  return Power::off;
}

std::filesystem::path outlets_of(const Names& names, const std::string& node) {
  return names.run() / "dead-outlets" / node;
}

Done power_on(const Names& names, const std::string& node) {
  auto lock = switch_lock(names, node);
  if (!lock) return std::unexpected(lock.error());
  std::error_code none;
  std::filesystem::remove_all(outlets_of(names, node), none);
  if (power_of(names, node) == Power::on) return {};
  auto started = start_detached({
      .argv = {lab_program(names).string(), "lab", "run-node", "--name", names.lab(), node},
      .record = supervisor_record(names, node),
      .log = names.logs() / ("supervisor-" + node + ".log"),
  });
  if (!started) return std::unexpected(started.error());
  const bool begun =
      wait_until([&] { return recorded_alive(container_record(names, node)) || !alive(*started); },
                 switch_limit);
  if (begun && alive(*started)) return {};
  return fail("cannot switch " + node + " on: its container did not start" +
              last_words(names.logs() / ("supervisor-" + node + ".log")) +
              last_words(names.consoles() / (node + ".log")));
}

Done power_cut(const Names& names, const std::string& node) {
  auto lock = switch_lock(names, node);
  if (!lock) return std::unexpected(lock.error());
  auto heart = init_of(names, node);
  if (is_machine(names, node)) heart = read_record(container_record(names, node));
  if (heart) kill_and_wait(*heart, switch_limit);
  if (wait_dark(names, node, 1s)) return {};
  // No init to be found: the container was just starting or rebooting. Pull harder.
  for (const auto& path : {supervisor_record(names, node), container_record(names, node)}) {
    if (const auto record = read_record(path)) kill_and_wait(*record, switch_limit);
  }
  for (const pid_t pid : processes_in(names, node)) {
    const auto stat = stat_of(pid);
    if (stat) kill_and_wait(stat->record, switch_limit);
  }
  if (wait_dark(names, node, switch_limit)) return {};
  return fail("cannot cut the power of " + node + ": some of its processes survive SIGKILL");
}

Done power_off(const Names& names, const std::string& node, std::chrono::milliseconds limit) {
  if (is_machine(names, node)) {
    if (power_of(names, node) == Power::off) return {};
    if (auto pressed = press_power_button(names, node); !pressed) return pressed;
  } else if (const auto container = read_record(container_record(names, node))) {
    send_signal(*container, SIGTERM);  // systemd-nspawn asks the init to power off
  }
  if (wait_until([&] { return power_of(names, node) == Power::off; }, limit)) return {};
  return fail("cannot switch " + node + " off in good order within " +
              std::to_string(limit.count() / 1000) + " s; 'upbeat lab power " + node +
              " cut' does it at once");
}

bool booted(const Names& names, const std::string& node) {
  if (is_machine(names, node)) return machine_booted(names, node);
  const auto ready = read_record(names.node_run(node) / "booted");
  return ready && alive(*ready) && init_of(names, node) == ready;
}

Result<std::vector<std::string>> inside(const Names& names, const std::string& node,
                                        const std::vector<std::string>& argv) {
  std::vector<std::string> words;
  if (is_machine(names, node)) {
    words = {
        lab_program(names).string(), "lab", "run-in-machine", "--name", names.lab(), node, "--"};
  } else if (const auto init = init_of(names, node)) {
    words = {"nsenter", "--target", std::to_string(init->pid),
             "--mount", "--uts",    "--ipc",
             "--net",   "--pid",    "--root",
             "--wd",    "--"};
  } else {
    return fail("cannot run " + argv.at(0) + " in " + node + ": the node is off");
  }
  words.insert(words.end(), std::begin(root_environment), std::end(root_environment));
  words.insert(words.end(), argv.begin(), argv.end());
  return words;
}

Result<Finished> run_inside(const Names& names, const std::string& node, Command command) {
  auto argv = inside(names, node, command.argv);
  if (!argv) return std::unexpected(argv.error());
  command.argv = std::move(*argv);
  return run(command);
}

}  // namespace upbeat::lab
