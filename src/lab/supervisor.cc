// SPDX-License-Identifier: Apache-2.0
// The process that runs a node's container: gives it a terminal, keeps what it says, notes when it
// has booted, starts it again when it reboots or its watchdog resets it, and ends when it powers
// off or loses its power.
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

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <optional>

#include "lab/control_group.h"
#include "lab/detached.h"
#include "lab/machine.h"
#include "lab/node.h"
#include "lab/watchdog_file.h"

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

std::filesystem::path watchdog_path(const Names& names, const std::string& node) {
  return names.node_run(node) / "watchdog";
}

std::vector<std::string> container_command(const Names& names, const std::string& node,
                                           const Shape& shape) {
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
  if (shape.accelerator == Accelerator::kvm) argv.emplace_back("--bind=/dev/kvm");
  if (shape.watchdog_s > 0) {
    argv.push_back("--bind=" + watchdog_path(names, node).string() + ":/dev/watchdog");
  }
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

/// What a supervisor listens to while its container lives.
struct Ears {
  Fd ended;  ///< the container's process
  Fd told;   ///< SIGTERM
  int notify = -1;
  int console = -1;
};

enum class Ending : std::uint8_t { own, reset };

/// A host's watchdog asks nobody: SIGKILL to the init, and with it everything in the node.
void reset_container(const Names& names, const std::string& node, const ProcessRecord& container) {
  send_signal(init_of(names, node).value_or(container), SIGKILL);
}

/// The time for which poll(2) may wait.
int patience_ms(std::optional<WatchdogDevice::Time> due) {
  if (!due) return -1;
  const auto left = *due - monotonic_time();
  return static_cast<int>(std::max(left, WatchdogDevice::Time(0)).count()) + 1;
}

Fd catch_sigterm() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  return Fd(::signalfd(-1, &signals, SFD_CLOEXEC));
}

/// Turns until the container has ended. Serves its watchdog, if it has one, to the end: a process
/// that dies while it waits for the device is dead only when it has its answer.
Ending attend(const Names& names, const std::string& node, const ProcessRecord& container,
              Ears& ears, WatchdogFile* watchdog) {
  const Fd log(::open((names.consoles() / (node + ".log")).c_str(),
                      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  std::size_t kept = 0;
  auto ending = Ending::own;
  while (true) {
    const int requests = watchdog != nullptr ? watchdog->requests() : -1;
    std::array<pollfd, 5> fds{{{ears.ended.get(), POLLIN, 0},
                               {ears.notify, POLLIN, 0},
                               {ears.told.get(), POLLIN, 0},
                               {ears.console, POLLIN, 0},
                               {requests, POLLIN, 0}}};
    const bool counts = watchdog != nullptr && ending == Ending::own;
    const auto due = counts ? watchdog->due() : std::nullopt;
    if (::poll(fds.data(), fds.size(), patience_ms(due)) < 0) continue;
    // Before what waits is served: a feed that comes too late is none.
    if (due && monotonic_time() >= *due) {
      ending = Ending::reset;
      reset_container(names, node, container);
    }
    if (fds[4].revents != 0) watchdog->serve();
    if ((fds[3].revents & POLLIN) != 0) {
      keep_console(ears.console, log.get(), kept);
    } else if ((fds[3].revents & (POLLHUP | POLLERR)) != 0) {
      ears.console = -1;  // hung up: it would report that for ever
    }
    if (fds[1].revents != 0) hear_notice(ears.notify, names, node);
    if (fds[2].revents != 0) {
      signalfd_siginfo info{};
      [[maybe_unused]] const auto got = ::read(ears.told.get(), &info, sizeof info);
      send_signal(container, SIGTERM);
    }
    if (fds[0].revents != 0 && (fds[3].revents & POLLIN) == 0) return ending;
  }
}

enum class Next : std::uint8_t { off, on_again };

/// One life of the container, from boot to its end.
Result<Next> run_container(const Names& names, const std::string& node, const Shape& shape) {
  if (auto own = enter_control_group(names, node); !own) return std::unexpected(own.error());
  auto terminal = make_terminal();
  if (!terminal) return std::unexpected(terminal.error());
  const auto notify_path = names.node_run(node) / "notify";
  auto notify = make_notify_socket(notify_path);
  if (!notify) return std::unexpected(notify.error());
  std::unique_ptr<WatchdogFile> watchdog;  // with each life a new one: power off disarms it
  if (shape.watchdog_s > 0) {
    auto made = WatchdogFile::mount(watchdog_path(names, node));
    if (!made) return std::unexpected(made.error());
    watchdog = std::move(*made);
  }
  auto container = start_detached({
      .argv = container_command(names, node, shape),
      .record = names.records() / ("container-" + node),
      .log = names.logs() / ("container-" + node + ".log"),
      .environment = environment(notify_path),
      .terminal = terminal->slave,
      .life = Life::with_starter,
  });
  if (!container) return std::unexpected(container.error());
  Ears ears{.ended = Fd(static_cast<int>(::syscall(SYS_pidfd_open, container->pid, 0))),
            .told = catch_sigterm(),
            .notify = notify->get(),
            .console = terminal->master.get()};
  const auto ending = attend(names, node, *container, ears, watchdog.get());
  int status = 0;
  ::waitpid(container->pid, &status, 0);
  ::unlink((names.node_run(node) / "booted").c_str());
  ::unlink(notify_path.c_str());
  const bool rebooted = WIFEXITED(status) && WEXITSTATUS(status) == rebooted_status;
  return ending == Ending::reset || rebooted ? Next::on_again : Next::off;
}

}  // namespace

Done supervise_node(const Names& names, const std::string& node) {
  auto manifest = read_file(names.manifest());
  if (!manifest) return std::unexpected(manifest.error());
  const auto shape = parse_shape(*manifest);
  if (!shape) return std::unexpected(shape.error());
  if (is_machine(names, node)) return supervise_machine(names, *shape, node);
  while (true) {
    const auto next = run_container(names, node, *shape);
    if (!next) return std::unexpected(next.error());
    if (*next == Next::off) return {};
  }
}

}  // namespace upbeat::lab
