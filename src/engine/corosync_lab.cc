// SPDX-License-Identifier: Apache-2.0
// For tests: a few real Corosyncs on this machine, each in namespaces of its own.
#include "engine/corosync_lab.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/process.h"

namespace upbeat {
namespace {

/// Folders that a node has for itself.
constexpr const char* private_folders[] = {"/etc/corosync", "/var/lib/corosync", "/run",
                                           "/dev/shm"};

std::unexpected<Error> failed(const std::string& attempted) {
  return fail("Cannot " + attempted + ": " + std::strerror(errno) +
              "; the lab needs root and a kernel with namespaces.");
}

std::string address(int node) { return "10.1.0." + std::to_string(node); }

std::string corosync_conf(int nodes, int token_ms) {
  std::ostringstream out;
  out << "totem {\n version: 2\n cluster_name: upbeat-lab\n transport: knet\n token: " << token_ms
      << "\n token_coefficient: 0\n crypto_cipher: none\n crypto_hash: none\n}\n"
      << "logging {\n to_stderr: yes\n to_syslog: no\n timestamp: hires\n}\n"
      << "quorum {\n provider: corosync_votequorum\n}\nnodelist {\n";
  for (int node = 1; node <= nodes; ++node) {
    out << " node {\n  name: node" << node << "\n  nodeid: " << node
        << "\n  ring0_addr: " << address(node) << "\n }\n";
  }
  out << "}\n";
  return out.str();
}

/// In the child, between fork and exec: no allocation, no return on failure.
[[noreturn]] void give_up(const char* what) {
  const char* why = std::strerror(errno);
  for (const char* text : {"cannot ", what, ": ", why, "\n"}) {
    if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) break;
  }
  ::_exit(127);
}

void enter(const char* name, int fd, int type) {
  if (fd < 0 || ::setns(fd, type) != 0) give_up(name);
}

/// Makes the namespaces of a node and lives, as their anchor, until its standard input ends.
[[noreturn]] void be_a_home() {
  if (::unshare(CLONE_NEWNS | CLONE_NEWNET) != 0) give_up("make namespaces");
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) give_up("part the mounts");
  for (const char* folder : private_folders) {
    if (::mount("none", folder, "tmpfs", 0, nullptr) != 0) give_up(folder);
  }
  if (::write(STDOUT_FILENO, "ready\n", 6) != 6) give_up("say that the namespaces are ready");
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) > 0) {
  }
  ::_exit(0);
}

}  // namespace

Result<std::unique_ptr<Child>> Child::start(pid_t home, const std::vector<std::string>& argv,
                                            int errors) {
  int in[2];
  int out[2];
  if (::pipe2(in, O_CLOEXEC) != 0) return failed("make a pipe");
  Fd in_read(in[0]);
  Fd in_write(in[1]);
  if (::pipe2(out, O_CLOEXEC) != 0) return failed("make a pipe");
  Fd out_read(out[0]);
  Fd out_write(out[1]);
  const std::string proc = "/proc/" + std::to_string(home) + "/ns/";
  const Fd mounts(home < 0 ? -1 : ::open((proc + "mnt").c_str(), O_RDONLY | O_CLOEXEC));
  const Fd network(home < 0 ? -1 : ::open((proc + "net").c_str(), O_RDONLY | O_CLOEXEC));
  std::vector<char*> arguments;
  for (const auto& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);

  const pid_t pid = ::fork();
  if (pid < 0) return failed("start " + argv.front());
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(in_read.get(), STDIN_FILENO);
    ::dup2(out_write.get(), STDOUT_FILENO);
    ::dup2(errors, STDERR_FILENO);
    if (home < 0) be_a_home();
    enter("enter the network namespace", network.get(), CLONE_NEWNET);
    enter("enter the mount namespace", mounts.get(), CLONE_NEWNS);
    ::execvp(arguments[0], arguments.data());
    give_up(arguments[0]);
  }
  ::fcntl(out_read.get(), F_SETFL, O_NONBLOCK);
  std::unique_ptr<Child> child(new Child);
  child->pid_ = pid;
  child->in_ = std::move(in_write);
  child->out_ = std::move(out_read);
  return child;
}

Child::~Child() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Child::tell(const std::string& line) {
  const std::string whole = line + "\n";
  if (::write(in_.get(), whole.data(), whole.size()) < 0) {
    rest_ += "error The peer is gone.\n";
  }
}

std::vector<std::string> Child::lines() {
  char buffer[65536];
  for (ssize_t got = 0; (got = ::read(out_.get(), buffer, sizeof buffer)) > 0;) {
    rest_.append(buffer, static_cast<std::size_t>(got));
  }
  std::vector<std::string> lines;
  for (std::size_t end = 0; (end = rest_.find('\n')) != std::string::npos;) {
    lines.push_back(rest_.substr(0, end));
    rest_.erase(0, end + 1);
  }
  return lines;
}

Result<std::unique_ptr<CorosyncLab>> CorosyncLab::make(int nodes, int token_ms) {
  std::unique_ptr<CorosyncLab> lab(new CorosyncLab);
  lab->nodes_ = nodes;
  lab->token_ms_ = token_ms;
  ::signal(SIGPIPE, SIG_IGN);
  for (int node = 0; node <= nodes; ++node) {
    if (const auto made = lab->make_home(node); !made) return std::unexpected(made.error());
  }
  if (const auto made = lab->make_network(); !made) return std::unexpected(made.error());
  return lab;
}

Result<void> CorosyncLab::make_home(int node) {
  for (const char* folder : private_folders) {
    std::error_code ignored;
    std::filesystem::create_directories(folder, ignored);
  }
  logs_[node] = Fd(::memfd_create("upbeat-engine-log", MFD_CLOEXEC));
  auto home = Child::start(-1, {"home"}, logs_[node].get());
  if (!home) return std::unexpected(home.error());
  ::fcntl((*home)->out(), F_SETFL, 0);
  char ready[6];
  if (::read((*home)->out(), ready, sizeof ready) != sizeof ready) {
    return fail("Cannot make the namespaces of node " + std::to_string(node) + ": " + log(node) +
                "the lab needs root.");
  }
  ::fcntl((*home)->out(), F_SETFL, O_NONBLOCK);
  // /proc/PID/root shows the folders as the node sees them.
  std::ofstream(std::string("/proc/") + std::to_string((*home)->pid()) +
                "/root/etc/corosync/corosync.conf")
      << corosync_conf(nodes_, token_ms_);
  homes_[node] = std::move(*home);
  return {};
}

Result<void> CorosyncLab::make_network() {
  const auto ip = [&](int node, const std::string& batch) {
    return run_checked({.argv = {"nsenter", "-t", std::to_string(homes_.at(node)->pid()), "-n",
                                 "ip", "-batch", "-"},
                        .input = batch});
  };
  std::string bridges;
  std::string ports;
  for (int node = 1; node <= nodes_; ++node) {
    const std::string id = std::to_string(node);
    bridges += "link add br" + std::to_string(node - 1) + " type bridge\n";
    bridges += "link set br" + std::to_string(node - 1) + " up\n";
    ports += "link add port" + id + " type veth peer name eth0 netns " +
             std::to_string(homes_.at(node)->pid()) + "\n";
    ports += "link set port" + id + " master br0 up\n";
  }
  if (const auto made = ip(0, bridges + ports); !made) return std::unexpected(made.error());
  for (int node = 1; node <= nodes_; ++node) {
    const auto made =
        ip(node, "link set lo up\naddr add " + address(node) + "/24 dev eth0\nlink set eth0 up\n");
    if (!made) return std::unexpected(made.error());
  }
  return {};
}

Result<void> CorosyncLab::start_corosync(int node) {
  if (corosync_runs(node)) return {};
  auto started = Child::start(homes_.at(node)->pid(), {"corosync", "-f"}, logs_.at(node).get());
  if (!started) return std::unexpected(started.error());
  corosyncs_[node] = std::move(*started);
  return {};
}

void CorosyncLab::kill_corosync(int node) { corosyncs_.erase(node); }

Result<std::unique_ptr<Child>> CorosyncLab::start_program(int node,
                                                          const std::vector<std::string>& argv) {
  return Child::start(homes_.at(node)->pid(), argv, logs_.at(node).get());
}

Result<void> CorosyncLab::partition(const std::vector<std::vector<int>>& sets) {
  std::string batch;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    for (const int node : sets[i]) {
      batch += "link set port" + std::to_string(node) + " master br" + std::to_string(i) + "\n";
    }
  }
  const auto done = run_checked(
      {.argv = {"nsenter", "-t", std::to_string(homes_.at(0)->pid()), "-n", "ip", "-batch", "-"},
       .input = batch});
  if (!done) return std::unexpected(done.error());
  return {};
}

std::string CorosyncLab::log(int node) const {
  std::string text;
  char buffer[65536];
  for (ssize_t got = 0; (got = ::pread(logs_.at(node).get(), buffer, sizeof buffer,
                                       static_cast<off_t>(text.size()))) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace upbeat
