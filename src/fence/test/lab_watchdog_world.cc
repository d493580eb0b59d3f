// SPDX-License-Identifier: Apache-2.0
// The watchdog that the lab gives to its nodes, in virtual time (src/lab/test/watchdog_host.cc).
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <sstream>
#include <stdexcept>

#include "base/fd.h"
#include "clock/asio_clock.h"
#include "fence/kernel_watchdog.h"
#include "fence/test/watchdog_world.h"

namespace upbeat {
namespace {

/// A process of ours that hears lines and answers each with one. It dies with this object.
class Partner {
 public:
  /// `body` is its whole life; it speaks on the descriptor that it is given.
  explicit Partner(const std::function<void(int)>& body) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
      throw std::runtime_error("cannot make a socket pair");
    }
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::close(ends[0]);
      body(ends[1]);
      ::_exit(0);
    }
    ::close(ends[1]);
    line_.reset(ends[0]);
  }
  Partner(const Partner&) = delete;
  Partner& operator=(const Partner&) = delete;
  ~Partner() { end(); }

  std::string ask(const std::string& command) {
    const std::string line = command + "\n";
    if (::write(line_.get(), line.data(), line.size()) < 0) throw std::runtime_error("it is gone");
    return hear();
  }
  std::string hear() {
    std::string line;
    for (char byte = 0; ::read(line_.get(), &byte, 1) == 1 && byte != '\n';) line += byte;
    return line;
  }
  void kill() {
    ::kill(pid_, SIGKILL);
    end();
  }
  /// Its input ends, and then it does.
  void end() {
    line_.reset();
    if (pid_ > 0) ::waitpid(std::exchange(pid_, 0), nullptr, 0);
  }

 private:
  Fd line_;
  pid_t pid_ = 0;
};

void be_host(int socket, const std::string& device) {
  ::dup2(socket, STDIN_FILENO);
  ::dup2(socket, STDOUT_FILENO);
  ::execl(LAB_WATCHDOG_HOST, LAB_WATCHDOG_HOST, device.c_str(), nullptr);
}

void be_daemon(int socket, const std::string& device) {
  boost::asio::io_context io{1};
  AsioClock clock{io};
  KernelWatchdog watchdog(clock, {.device = device});
  FILE* in = ::fdopen(socket, "r");
  std::array<char, 64> line{};
  while (::fgets(line.data(), static_cast<int>(line.size()), in) != nullptr) {
    std::istringstream words(line.data());
    std::string verb;
    long ms = 0;
    words >> verb >> ms;
    const auto done = verb == "arm"    ? watchdog.arm(std::chrono::milliseconds(ms))
                      : verb == "feed" ? watchdog.feed()
                                       : watchdog.disarm();
    const std::string answer = (done ? "" : done.error().text) + "\n";
    if (::write(socket, answer.data(), answer.size()) < 0) return;
  }
}

class LabWatchdogWorld final : public WatchdogWorld {
 public:
  LabWatchdogWorld() {
    if (const auto ready = host_.hear(); ready != "ready") throw std::runtime_error(ready);
    start_daemon();
  }
  ~LabWatchdogWorld() override {
    daemon_.reset();
    host_.end();
    std::filesystem::remove_all(folder_);
  }

  Result<void> arm(std::chrono::milliseconds timeout) override {
    return ask("arm " + std::to_string(timeout.count()));
  }
  Result<void> feed() override { return ask("feed"); }
  Result<void> disarm() override { return ask("disarm"); }
  void kill_daemon() override {
    daemon_->kill();
    daemon_.reset();
  }
  void pass(std::chrono::milliseconds time) override {
    if (reset_at_) return;
    std::istringstream answer(host_.ask("pass " + std::to_string(time.count())));
    std::string what;
    long ms = 0;
    answer >> what >> ms;
    now_ = std::chrono::milliseconds(ms);
    if (what == "reset") reset_at_ = now_;
  }
  [[nodiscard]] std::chrono::milliseconds now() const override { return now_; }
  [[nodiscard]] std::optional<std::chrono::milliseconds> reset_at() const override {
    return reset_at_;
  }

 private:
  static std::string make_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "upbeat-watchdog-XXXXXX").string();
    return ::mkdtemp(name.data());
  }
  void start_daemon() {
    daemon_ = std::make_unique<Partner>([this](int socket) { be_daemon(socket, device_); });
  }
  Result<void> ask(const std::string& command) {
    const auto answer = daemon_->ask(command);
    if (!answer.empty()) return fail(answer);
    return {};
  }

  std::string folder_ = make_folder();
  std::string device_ = folder_ + "/watchdog";
  Partner host_{[this](int socket) { be_host(socket, device_); }};
  std::unique_ptr<Partner> daemon_;
  std::chrono::milliseconds now_{0};
  std::optional<std::chrono::milliseconds> reset_at_;
};

}  // namespace

std::unique_ptr<WatchdogWorld> make_lab_watchdog_world() {
  return std::make_unique<LabWatchdogWorld>();
}

}  // namespace upbeat
