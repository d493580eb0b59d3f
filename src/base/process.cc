// SPDX-License-Identifier: Apache-2.0
// Runs a program to its end: posix_spawn in a process group of its own, poll over its three pipes.
#include "base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/fd.h"

namespace upbeat {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  Fd read;
  Fd write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(std::string("cannot make a pipe: ") + std::strerror(errno));
  }
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

/// Appends what `fd` has to say to `to`; closes it at its end. Past the limit bytes are dropped, so
/// that a program that talks without end neither blocks nor fills our memory.
void drain(Fd& fd, std::string& to, std::size_t limit) {
  std::array<char, 16384> buffer{};
  const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
  if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) {
    fd.reset();
    return;
  }
  if (got > 0 && to.size() < limit) {
    to.append(buffer.data(), std::min(static_cast<std::size_t>(got), limit - to.size()));
  }
}

/// write(2) whose SIGPIPE, if nobody reads any more, ends nobody: the error says so already.
ssize_t write_quietly(int fd, const char* data, std::size_t size) {
  sigset_t broken_pipe;
  sigset_t before;
  sigset_t pending;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  sigpending(&pending);
  const bool was_pending = sigismember(&pending, SIGPIPE) == 1;
  pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);
  const ssize_t put = ::write(fd, data, size);
  const int error = errno;
  if (put < 0 && error == EPIPE && !was_pending) {
    const timespec at_once{};
    sigtimedwait(&broken_pipe, nullptr, &at_once);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return put;
}

/// Feeds some of `input` to `fd`; closes it when all is written or nobody reads any more.
void feed(Fd& fd, const std::string& input, std::size_t& written) {
  const ssize_t put = write_quietly(fd.get(), input.data() + written, input.size() - written);
  if (put > 0) written += static_cast<std::size_t>(put);
  if ((put < 0 && errno != EINTR && errno != EAGAIN) || written == input.size()) fd.reset();
}

Result<pid_t> spawn(const std::vector<std::string>& argv, const Pipe& in, const Pipe& out,
                    const Pipe& err) {
  std::vector<char*> words;
  words.reserve(argv.size() + 1);
  for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, in.read.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, out.write.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, err.write.get(), STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = 0;
  const int failed = ::posix_spawnp(&pid, words[0], &files, &attributes, words.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) {
    return fail("cannot run " + argv[0] + ": " + std::strerror(failed) +
                "; is the package that holds it installed?");
  }
  return pid;
}

/// Why a program is not waited for any longer.
enum class Waited : std::uint8_t { to_its_end, too_long, until_stopped };

/// The time left for one poll, in milliseconds; 0 when the deadline has passed.
int poll_ms(Clock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

/// Talks with the program until its streams end, the deadline passes or somebody says stop.
Waited converse(const Command& command, Fd to, Fd out, Fd err, Finished& finished,
                Clock::time_point deadline) {
  std::size_t written = 0;
  if (command.input.empty()) to.reset();
  while (out.open() || err.open()) {
    std::array<pollfd, 4> fds{{{out.get(), POLLIN, 0},
                               {err.get(), POLLIN, 0},
                               {to.get(), POLLOUT, 0},
                               {command.stop_fd, POLLIN, 0}}};
    const int left = poll_ms(deadline);
    if (left == 0) return Waited::too_long;
    if (::poll(fds.data(), fds.size(), left) <= 0) continue;
    if (fds[3].revents != 0) return Waited::until_stopped;
    if (fds[0].revents != 0) drain(out, finished.out, command.output_limit_bytes);
    if (fds[1].revents != 0) drain(err, finished.err, command.output_limit_bytes);
    if (fds[2].revents != 0) feed(to, command.input, written);
  }
  return Waited::to_its_end;
}

int status_of(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/// Waits for a program that has closed its streams, as long as the deadline allows.
Waited reap(pid_t pid, int stop_fd, int& wait_status, Clock::time_point deadline) {
  const Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  while (::waitpid(pid, &wait_status, WNOHANG) == 0) {
    const int left = poll_ms(deadline);
    if (left == 0) return Waited::too_long;
    std::array<pollfd, 2> fds{{{handle.get(), POLLIN, 0}, {stop_fd, POLLIN, 0}}};
    ::poll(fds.data(), fds.size(), left);
    if (fds[1].revents != 0) return Waited::until_stopped;
  }
  return Waited::to_its_end;
}

}  // namespace

Result<Finished> run(const Command& command) {
  if (command.argv.empty()) return fail("cannot run a program without a name");
  auto in = make_pipe();
  auto out = make_pipe();
  auto err = make_pipe();
  if (!in || !out || !err)
    return fail("cannot run " + command.argv[0] + ": no file descriptors left");
  auto pid = spawn(command.argv, *in, *out, *err);
  if (!pid) return std::unexpected(pid.error());
  in->read.reset();
  out->write.reset();
  err->write.reset();
  ::fcntl(in->write.get(), F_SETFL, O_NONBLOCK);

  const auto deadline = Clock::now() + command.timeout;
  Finished finished;
  int wait_status = 0;
  auto waited = converse(command, std::move(in->write), std::move(out->read), std::move(err->read),
                         finished, deadline);
  if (waited == Waited::to_its_end) waited = reap(*pid, command.stop_fd, wait_status, deadline);
  if (waited == Waited::to_its_end) {
    finished.exit_status = status_of(wait_status);
    return finished;
  }
  ::kill(-*pid, SIGKILL);
  ::waitpid(*pid, &wait_status, 0);
  if (waited == Waited::until_stopped) {
    return fail(command.argv[0] + " was stopped before its end");
  }
  return fail(command.argv[0] + " did not finish within " +
              std::to_string(command.timeout.count()) + " ms and was ended");
}

Result<std::string> run_checked(const Command& command) {
  auto finished = run(command);
  if (!finished) return std::unexpected(finished.error());
  if (finished->exit_status == 0) return std::move(finished->out);
  std::string line = finished->err;
  while (!line.empty() && line.back() == '\n') line.pop_back();
  line.erase(0, line.find_last_of('\n') + 1);
  std::string words;
  for (const auto& word : command.argv) words += (words.empty() ? "" : " ") + word;
  return fail("'" + words + "' failed with status " + std::to_string(finished->exit_status) +
              (line.empty() ? "" : ": " + line));
}

}  // namespace upbeat
