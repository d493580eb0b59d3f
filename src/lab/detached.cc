// SPDX-License-Identifier: Apache-2.0
// Fork, record, exec. Between fork and exec only calls that are safe beside other threads.
#include "lab/detached.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/fd.h"
#include "lab/files.h"

namespace upbeat::lab {
namespace {

/// Everything the new process needs, made before the fork.
struct Prepared {
  std::vector<char*> argv;
  std::vector<char*> environment;
  const char* record;
  const char* log;
  const char* terminal;
  int netns;
  int failure;  ///< pipe's end: closed by exec, else it carries an errno
  Life life;
};

[[noreturn]] void give_up(const Prepared& with) {
  const int error = errno;
  [[maybe_unused]] const auto put = ::write(with.failure, &error, sizeof error);
  ::_exit(127);
}

char* append(char* to, std::uint64_t value) {
  std::array<char, 20> digits{};
  std::size_t count = 0;
  do digits[count++] = static_cast<char>('0' + value % 10);
  while ((value /= 10) != 0);
  while (count > 0) *to++ = digits[--count];
  return to;
}

/// Writes `PID START\n` of the calling process, as to_text() does, without memory or locks.
bool write_own_record(const char* path) {
  std::array<char, 1024> text{};
  const int stat = ::open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  const ssize_t size = ::read(stat, text.data(), text.size() - 1);
  ::close(stat);
  if (size <= 0) return false;
  const char* at = std::strrchr(text.data(), ')');
  constexpr int fields_after_name = 20;
  for (int field = 0; at != nullptr && field < fields_after_name; ++field) {
    at = std::strchr(at + 1, ' ');
  }
  if (at == nullptr) return false;
  std::uint64_t start = 0;
  for (++at; *at >= '0' && *at <= '9'; ++at) {
    start = start * 10 + static_cast<std::uint64_t>(*at - '0');
  }
  std::array<char, 64> line{};
  char* end = append(line.data(), static_cast<std::uint64_t>(::getpid()));
  *end++ = ' ';
  end = append(end, start);
  *end++ = '\n';
  const int out = ::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const auto put = ::write(out, line.data(), static_cast<std::size_t>(end - line.data()));
  ::close(out);
  return put == end - line.data();
}

void redirect(const Prepared& with) {
  int in = -1;
  int out = -1;
  if (*with.terminal != '\0') {
    in = out = ::open(with.terminal, O_RDWR);
    if (in >= 0) ::ioctl(in, TIOCSCTTY, 1);
  } else {
    in = ::open("/dev/null", O_RDONLY);
    out = ::open(with.log, O_WRONLY | O_CREAT | O_APPEND, 0600);
  }
  if (in < 0 || out < 0 || ::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(out, 2) < 0) {
    give_up(with);
  }
}

[[noreturn]] void become(const Prepared& with) {
  ::setsid();
  if (with.life == Life::with_starter) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(signal, SIG_DFL);
  if (!write_own_record(with.record)) give_up(with);
  if (with.netns >= 0 && ::setns(with.netns, CLONE_NEWNET) != 0) give_up(with);
  redirect(with);
  ::syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
  ::execvpe(with.argv[0], with.argv.data(), with.environment.data());
  give_up(with);
}

std::vector<char*> words(const std::vector<std::string>& of) {
  std::vector<char*> out;
  for (const auto& word : of) out.push_back(const_cast<char*>(word.c_str()));
  return out;
}

}  // namespace

Result<ProcessRecord> start_detached(const Detached& what) {
  const auto failed = [&](const std::string& why) {
    return fail("cannot start " + what.argv.at(0) + ": " + why);
  };
  if (auto made = make_folder(what.record.parent_path()); !made) return failed(made.error().text);
  if (auto made = make_folder(what.log.parent_path()); !made) return failed(made.error().text);
  Fd netns;
  if (!what.netns.empty()) {
    netns.reset(::open(what.netns.c_str(), O_RDONLY | O_CLOEXEC));
    if (!netns.open()) return failed("no network namespace " + what.netns.string());
  }
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failed(std::strerror(errno));
  const Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  Prepared with{.argv = words(what.argv),
                .environment = words(what.environment),
                .record = what.record.c_str(),
                .log = what.log.c_str(),
                .terminal = what.terminal.c_str(),
                .netns = netns.get(),
                .failure = ends[1],
                .life = what.life};
  with.argv.push_back(nullptr);
  for (char** at = environ; *at != nullptr; ++at) with.environment.push_back(*at);
  with.environment.push_back(nullptr);

  ::unlink(with.record);
  const pid_t child = ::fork();
  if (child < 0) return failed(std::strerror(errno));
  if (child == 0) {
    if (what.life == Life::own && ::fork() != 0) ::_exit(0);  // orphaned on purpose
    become(with);
  }
  write_end.reset();
  if (what.life == Life::own) ::waitpid(child, nullptr, 0);
  int error = 0;
  if (::read(read_end.get(), &error, sizeof error) == static_cast<ssize_t>(sizeof error)) {
    if (what.life != Life::own) ::waitpid(child, nullptr, 0);
    return failed(std::string(std::strerror(error)) + "; is the package that holds it installed?");
  }
  auto record = read_record(what.record);
  if (!record) return failed("it left no record in " + what.record.string());
  return *record;
}

}  // namespace upbeat::lab
