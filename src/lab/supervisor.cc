// SPDX-License-Identifier: Apache-2.0
// The process that runs a node's container: gives it a terminal, keeps what it says, notes when it
// has booted, starts it again when it reboots, and ends when it powers off or loses its power.
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "lab/control_group.h"
#include "lab/detached.h"
#include "lab/machine.h"
#include "lab/node.h"

namespace upbeat::lab {
namespace {

constexpr int rebooted_status = 133;  ///< systemd-nspawn --keep-unit: the container wants to reboot
constexpr std::size_t console_limit_bytes = 8U << 20U;  ///< then the log begins anew

struct Terminal {
  Fd master;
  std::string slave;
};

Result<Terminal> make_terminal() {
  Fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  std::array<char, 64> name{};
  if (!master.open() || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0 ||
      ::ptsname_r(master.get(), name.data(), name.size()) != 0) {
    return fail(std::string("cannot make a terminal for the node's console: ") +
                std::strerror(errno));
  }
  const winsize size{.ws_row = 50, .ws_col = 132, .ws_xpixel = 0, .ws_ypixel = 0};
  ::ioctl(master.get(), TIOCSWINSZ, &size);
  return Terminal{std::move(master), name.data()};
}

/// The socket on which systemd-nspawn passes on that the container has booted (sd_notify(3)).
Result<Fd> make_notify_socket(const std::filesystem::path& path) {
  Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  ::unlink(path.c_str());
  if (!fd.open() ||
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail("cannot listen on " + path.string() + ": " + std::strerror(errno));
  }
  return fd;
}

std::vector<std::string> container_command(const Names& names, const std::string& node,
                                           Accelerator accelerator) {
  std::vector<std::string> argv{
      "systemd-nspawn",
      "--quiet",
      "--directory=" + names.node_root(node).string(),
      "--machine=" + names.netns(node),
      "--hostname=" + node,
      "--register=no",
      "--keep-unit",
      "--settings=no",
      "--link-journal=no",
      "--resolv-conf=off",
      "--timezone=off",
      "--notify-ready=yes",
      "--capability=all",
      "--network-namespace-path=" + names.netns_path(node).string(),
      "--bind=/dev/net/tun",
      "--bind-ro=" + names.share().string() + ":/lab",
      "--bind=" + names.consoles().string() + ":/var/log/upbeat-consoles",
  };
  if (accelerator == Accelerator::kvm) argv.emplace_back("--bind=/dev/kvm");
  argv.emplace_back("--boot");
  return argv;
}

/// On a machine with the old control groups the container has to use them too.
std::vector<std::string> environment(const std::filesystem::path& notify) {
  std::vector<std::string> out{"NOTIFY_SOCKET=" + notify.string()};
  const bool unified = std::filesystem::exists("/sys/fs/cgroup/cgroup.controllers");
  if (!unified) out.emplace_back("SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=0");
  return out;
}

void keep_console(int master, int log, std::size_t& kept) {
  std::array<char, 4096> buffer{};
  const ssize_t got = ::read(master, buffer.data(), buffer.size());
  if (got <= 0) return;
  if (kept > console_limit_bytes && ::ftruncate(log, 0) == 0) kept = 0;
  kept += static_cast<std::size_t>(got);
  [[maybe_unused]] const auto put = ::write(log, buffer.data(), static_cast<std::size_t>(got));
}

void hear_notice(int socket, const Names& names, const std::string& node) {
  std::array<char, 4096> buffer{};
  const ssize_t got = ::recv(socket, buffer.data(), buffer.size() - 1, MSG_DONTWAIT);
  if (got <= 0 || !std::strstr(buffer.data(), "READY=1")) return;
  const auto init = init_of(names, node);
  if (init) (void)write_file(names.node_run(node) / "booted", to_text(*init));
}

/// Turns until the container has ended.
void attend(const Names& names, const std::string& node, const ProcessRecord& container,
            const Terminal& terminal, int notify) {
  const Fd log(::open((names.consoles() / (node + ".log")).c_str(),
                      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  const Fd told(::signalfd(-1, &signals, SFD_CLOEXEC));
  const Fd ended(static_cast<int>(::syscall(SYS_pidfd_open, container.pid, 0)));
  std::size_t kept = 0;
  bool over = false;
  short listen_to_console = POLLIN;
  while (!over) {
    std::array<pollfd, 4> fds{{{ended.get(), POLLIN, 0},
                               {notify, POLLIN, 0},
                               {told.get(), POLLIN, 0},
                               {terminal.master.get(), listen_to_console, 0}}};
    if (listen_to_console == 0) fds[3].fd = -1;  // hung up: it would report that for ever
    if (::poll(fds.data(), fds.size(), -1) < 0) continue;
    if ((fds[3].revents & POLLIN) != 0) {
      keep_console(terminal.master.get(), log.get(), kept);
    } else if ((fds[3].revents & (POLLHUP | POLLERR)) != 0) {
      listen_to_console = 0;
    }
    if (fds[1].revents != 0) hear_notice(notify, names, node);
    if (fds[2].revents != 0) {
      signalfd_siginfo info{};
      [[maybe_unused]] const auto got = ::read(told.get(), &info, sizeof info);
      send_signal(container, SIGTERM);
    }
    over = fds[0].revents != 0 && (fds[3].revents & POLLIN) == 0;
  }
}

/// One life of the container, from boot to its end; systemd-nspawn's exit status.
Result<int> run_container(const Names& names, const std::string& node, Accelerator accelerator) {
  if (auto own = enter_control_group(names, node); !own) return std::unexpected(own.error());
  auto terminal = make_terminal();
  if (!terminal) return std::unexpected(terminal.error());
  const auto notify_path = names.node_run(node) / "notify";
  auto notify = make_notify_socket(notify_path);
  if (!notify) return std::unexpected(notify.error());
  auto container = start_detached({
      .argv = container_command(names, node, accelerator),
      .record = names.records() / ("container-" + node),
      .log = names.logs() / ("container-" + node + ".log"),
      .environment = environment(notify_path),
      .terminal = terminal->slave,
      .life = Life::with_starter,
  });
  if (!container) return std::unexpected(container.error());
  attend(names, node, *container, *terminal, notify->get());
  int status = 0;
  ::waitpid(container->pid, &status, 0);
  ::unlink((names.node_run(node) / "booted").c_str());
  ::unlink(notify_path.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Done supervise_node(const Names& names, const std::string& node) {
  auto manifest = read_file(names.manifest());
  if (!manifest) return std::unexpected(manifest.error());
  const auto shape = parse_shape(*manifest);
  if (!shape) return std::unexpected(shape.error());
  if (is_machine(names, node)) return supervise_machine(names, *shape, node);
  while (true) {
    const auto status = run_container(names, node, shape->accelerator);
    if (!status) return std::unexpected(status.error());
    if (*status != rebooted_status) return {};
  }
}

}  // namespace upbeat::lab
