// SPDX-License-Identifier: Apache-2.0
// For tests: the only program of a guest, its init. It does what lines on the second serial port
// say.
//
//   load MODULE [PARAMETERS]   with all that it needs, from /modules
//   unload MODULE
//   read FILE                  the answer is the file's first line
//   open FILE [PRETIMEOUT] | close     as another program would
//   start [DEVICE [SYSFS]]     a daemon with a KernelWatchdog; then, of it:
//   arm MS | feed | disarm | kill
//   pass MS                    lets time pass, with a line "- TIME" each `mark_interval`
//
// Each command is answered by "= TIME ok TEXT" or "= TIME error TEXT". Times are milliseconds of
// the guest's clock. The guest never idles while it waits for a command, because its time flies
// when it idles (QEMU's -icount sleep=off): only `pass` lets it.
#include <fcntl.h>
#include <linux/watchdog.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/fd.h"
#include "clock/asio_clock.h"
#include "fence/kernel_watchdog.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

constexpr auto mark_interval = 50ms;
constexpr std::size_t line_limit_bytes = 4096;

std::chrono::milliseconds now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
}

/// "ok …" or "error …".
std::string answer_of(bool good, const std::string& text = std::strerror(errno)) {
  return good ? "ok" : "error " + text;
}

std::string answer_of(const Result<void>& done) {
  return answer_of(done.has_value(), done ? "" : done.error().text);
}

/// The process that holds the watchdog. Reads commands from its socket, and answers there.
class Daemon {
 public:
  Daemon(int socket, WatchdogPlace place)
      : socket_(io_, socket), watchdog_(clock_, std::move(place)) {}

  void run() {
    read();
    io_.run();
  }

 private:
  void read() {
    boost::asio::async_read_until(socket_, boost::asio::dynamic_buffer(buffer_, line_limit_bytes),
                                  '\n', [this](const auto& error, std::size_t size) {
                                    if (error) return io_.stop();
                                    std::istringstream line(buffer_.substr(0, size - 1));
                                    buffer_.erase(0, size);
                                    const auto answer = answer_of(act(line)) + "\n";
                                    (void)!::write(socket_.native_handle(), answer.data(),
                                                   answer.size());
                                    read();
                                  });
  }
  Result<void> act(std::istream& line) {
    std::string verb;
    long timeout_ms = 0;
    line >> verb >> timeout_ms;
    if (verb == "arm") return watchdog_.arm(std::chrono::milliseconds(timeout_ms));
    return verb == "feed" ? watchdog_.feed() : watchdog_.disarm();
  }

  boost::asio::io_context io_{1};
  AsioClock clock_{io_};
  boost::asio::posix::stream_descriptor socket_;
  std::string buffer_;
  KernelWatchdog watchdog_;
};

class Host {
 public:
  Host() : port_(::open("/dev/ttyS1", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)) {
    termios raw{};
    ::tcgetattr(port_.get(), &raw);
    ::cfmakeraw(&raw);
    ::tcsetattr(port_.get(), TCSANOW, &raw);
  }

  [[noreturn]] void run() {
    say("= ", "ok");
    for (;;) {
      const auto line = next_line();
      std::istringstream words(line);
      say("= ", act(words, line));
    }
  }

 private:
  void say(const char* kind, const std::string& text) {
    const auto line = kind + std::to_string(now().count()) + " " + text + "\n";
    for (std::size_t at = 0; at < line.size();) {
      const auto put = ::write(port_.get(), line.data() + at, line.size() - at);
      if (put > 0) at += static_cast<std::size_t>(put);
    }
  }
  std::string next_line() {
    std::string line;
    for (char byte = 0; byte != '\n' && line.size() < line_limit_bytes;) {
      if (::read(port_.get(), &byte, 1) != 1) {
        ::sched_yield();
      } else if (byte != '\n') {
        line += byte;
      }
    }
    return line;
  }

  std::string act(std::istringstream& words, const std::string& line) {
    std::string verb;
    std::string name;
    words >> verb;
    if (verb == "arm" || verb == "feed" || verb == "disarm") return ask_daemon(line);
    if (verb == "kill") return kill_daemon();
    if (verb == "close") return held_.reset(), "ok";
    words >> name;
    if (verb == "load") return load(name, words);
    if (verb == "unload") return answer_of(::syscall(SYS_delete_module, name.c_str(), 0) == 0);
    if (verb == "read") return read(name);
    if (verb == "open") return open(name, words);
    if (verb == "start") return start_daemon(name, words);
    if (verb == "pass") return pass(std::chrono::milliseconds(std::stol(name)));
    return "error there is no command " + verb;
  }

  static std::string load(const std::string& name, std::istream& words) {
    std::string parameters;
    std::getline(words, parameters);
    std::ifstream needs("/modules/" + name + ".needs");
    std::string answer = "error there is no module " + name;
    for (std::string file; needs >> file;) {
      const Fd module(::open(("/modules/" + file).c_str(), O_RDONLY | O_CLOEXEC));
      const bool wanted = file == name + ".ko";
      const char* told = wanted ? parameters.c_str() : "";
      const bool done = ::syscall(SYS_finit_module, module.get(), told, 0) == 0;
      answer = answer_of(done || (errno == EEXIST && !wanted));
      if (answer != "ok") return answer;
    }
    return answer;
  }
  static std::string read(const std::string& name) {
    std::ifstream file(name);
    std::string line;
    if (!std::getline(file, line)) return "error cannot read " + name;
    return "ok " + line;
  }
  std::string open(const std::string& name, std::istream& words) {
    held_.reset(::open(name.c_str(), O_WRONLY | O_CLOEXEC));
    int pretimeout = 0;
    const bool has_one = static_cast<bool>(words >> pretimeout);
    return answer_of(held_.open() &&
                     (!has_one || ::ioctl(held_.get(), WDIOC_SETPRETIMEOUT, &pretimeout) == 0));
  }
  std::string pass(std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() + mark_interval < end) {
      std::this_thread::sleep_for(mark_interval);
      say("- ", "");
    }
    std::this_thread::sleep_until(end);
    return "ok";
  }

  std::string start_daemon(const std::string& device, std::istream& words) {
    WatchdogPlace place;
    if (!device.empty()) place.device = device;
    if (std::string sysfs; words >> sysfs) place.sysfs = sysfs;
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
      return answer_of(false);
    }
    daemon_ = ::fork();
    if (daemon_ == 0) {
      // A daemon that began after the other held the device must not hold it too.
      held_.reset();
      ::close(ends[0]);
      Daemon(ends[1], place).run();
      ::_exit(0);
    }
    ::close(ends[1]);
    daemon_socket_.reset(ends[0]);
    return answer_of(daemon_ > 0);
  }
  std::string ask_daemon(const std::string& line) {
    const auto told = line + "\n";
    if (::write(daemon_socket_.get(), told.data(), told.size()) < 0) return answer_of(false);
    std::string answer;
    for (char byte = 0; ::read(daemon_socket_.get(), &byte, 1) == 1 && byte != '\n';) {
      answer += byte;
    }
    return answer.empty() ? "error the daemon does not answer" : answer;
  }
  std::string kill_daemon() {
    daemon_socket_.reset();
    if (::kill(daemon_, SIGKILL) != 0) return answer_of(false);
    return answer_of(::waitpid(daemon_, nullptr, 0) == daemon_);
  }

  Fd port_;
  Fd held_;
  Fd daemon_socket_;
  pid_t daemon_ = 0;
};

}  // namespace
}  // namespace upbeat

int main() {
  ::signal(SIGPIPE, SIG_IGN);
  ::mount("dev", "/dev", "devtmpfs", 0, nullptr);
  ::mount("sys", "/sys", "sysfs", 0, nullptr);
  upbeat::Host().run();
}
