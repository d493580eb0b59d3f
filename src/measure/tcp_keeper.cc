// SPDX-License-Identifier: Apache-2.0
// One thread polls all connections; an eventfd ends it.
#include "measure/tcp_keeper.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>

#include "measure/tcp.h"

namespace upbeat::measure {
namespace {

using Clock = std::chrono::steady_clock;

struct Line {
  Instant sent;
  std::string left;  // of its echo, what has not come yet
};

struct Connection {
  std::string name;
  Fd fd;
  std::deque<Line> unanswered;  // bounded: tcp_patience / tcp_line_interval
  TcpFate fate;

  void give_up(std::string why) {
    fate.broke = std::move(why);
    fate.broke_at = Clock::now();
    fd.reset();
  }
  void note_wait(Instant now) {
    if (unanswered.empty() || now - unanswered.front().sent <= fate.longest_stall) return;
    fate.longest_stall = now - unanswered.front().sent;
    fate.stall_began = unanswered.front().sent;
  }
};

void say(Connection& to) {
  if (!to.fd.open()) return;
  const auto now = Clock::now();
  to.note_wait(now);
  if (!to.unanswered.empty() && now - to.unanswered.front().sent > tcp_patience) {
    to.give_up("no echo for " + std::to_string(tcp_patience.count()) + " s");
    return;
  }
  const std::string line = to.name + " " + std::to_string(to.fate.lines_sent) + "\n";
  const auto put = ::send(to.fd.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (put == static_cast<ssize_t>(line.size())) {
    to.unanswered.push_back({now, line});
    ++to.fate.lines_sent;
  } else if (put >= 0 || (errno != EAGAIN && errno != EINTR)) {
    to.give_up(put >= 0 ? "a line was taken in part" : std::strerror(errno));
  }
}

/// Takes an echo off the lines that wait for theirs; false if it is not what was said.
bool match(Connection& from, std::string_view echo) {
  while (!echo.empty()) {
    if (from.unanswered.empty()) return false;
    auto& line = from.unanswered.front();
    const auto size = std::min(echo.size(), line.left.size());
    if (echo.substr(0, size) != std::string_view(line.left).substr(0, size)) return false;
    echo.remove_prefix(size);
    line.left.erase(0, size);
    if (!line.left.empty()) continue;
    from.note_wait(Clock::now());
    from.unanswered.pop_front();
    ++from.fate.lines_echoed;
  }
  return true;
}

/// Reads what has come; `mutex` guards the connection but not its socket, which only this thread
/// uses.
void hear(Connection& from, std::mutex& mutex) {
  std::array<char, 4096> buffer{};
  const auto got = ::recv(from.fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  const std::scoped_lock lock(mutex);
  if (got == 0) {
    from.give_up("closed by the guest");
  } else if (got < 0) {
    if (errno != EAGAIN && errno != EINTR) from.give_up(std::strerror(errno));
  } else if (!match(from, {buffer.data(), static_cast<std::size_t>(got)})) {
    from.give_up("the echo is not what was said");
  }
}

}  // namespace

struct TcpKeepers::Work {
  std::vector<Connection> connections;
  mutable std::mutex mutex;  // guards connections
  Fd wake;
  std::thread thread;

  void loop();
};

void TcpKeepers::Work::loop() {
  for (auto due = Clock::now();;) {
    std::vector<pollfd> fds{{wake.get(), POLLIN, 0}};
    {
      const std::scoped_lock lock(mutex);
      if (Clock::now() >= due) {
        std::ranges::for_each(connections, say);
        due = std::max(due + tcp_line_interval, Clock::now());
      }
      for (const auto& one : connections) fds.push_back({one.fd.get(), POLLIN, 0});
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now());
    if (::poll(fds.data(), fds.size(), std::max(0, static_cast<int>(left.count()))) <= 0) continue;
    if (fds[0].revents != 0) return;
    for (std::size_t at = 0; at < connections.size(); ++at) {
      if (fds[at + 1].revents != 0) hear(connections[at], mutex);
    }
  }
}

TcpKeepers::TcpKeepers(std::unique_ptr<Work> work) : work_(std::move(work)) {
  work_->thread = std::thread([this] { work_->loop(); });
}

TcpKeepers::~TcpKeepers() {
  const std::uint64_t one = 1;
  while (::write(work_->wake.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
  work_->thread.join();
}

Result<std::unique_ptr<TcpKeepers>> TcpKeepers::start(const std::vector<Target>& targets,
                                                      const std::string& netns_path,
                                                      std::uint16_t port) {
  auto work = std::make_unique<Work>();
  work->wake = Fd(::eventfd(0, EFD_CLOEXEC));
  if (!work->wake.open()) {
    return fail(std::string("cannot keep connections: no eventfd: ") + std::strerror(errno));
  }
  for (const auto& target : targets) {
    auto fd = connect_in(netns_path, target.address, port, tcp_connect_timeout);
    if (!fd) return fail(target.name + ": " + fd.error().text);
    work->connections.push_back({.name = target.name, .fd = std::move(*fd)});
  }
  return std::unique_ptr<TcpKeepers>(new TcpKeepers(std::move(work)));
}

std::vector<TcpFate> TcpKeepers::fates() const {
  const std::scoped_lock lock(work_->mutex);
  std::vector<TcpFate> all;
  for (const auto& one : work_->connections) all.push_back(one.fate);
  return all;
}

}  // namespace upbeat::measure
