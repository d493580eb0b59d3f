// SPDX-License-Identifier: Apache-2.0
// Runs the program `upbeat` in a test: to its end, or on a terminal of its own.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "api/threaded_server_test.h"
#include "base/fd.h"
#include "base/process.h"

namespace upbeat::cli {

/// `upbeat WORDS… --socket …`, standard output no terminal.
inline Finished run_upbeat(const std::string& socket, std::vector<std::string> words,
                           const std::string& input = "") {
  words.insert(words.begin(), UPBEAT_PROGRAM);
  if (!socket.empty()) words.insert(words.end(), {"--socket", socket});
  auto finished = run({.argv = words, .input = input, .timeout = std::chrono::seconds(30)});
  if (finished) return *finished;
  ADD_FAILURE() << finished.error().text;
  return {};
}

/// The program on a terminal of 100 columns.
class OnTerminal {
 public:
  explicit OnTerminal(const std::string& socket, std::vector<std::string> words) {
    words.insert(words.begin(), UPBEAT_PROGRAM);
    words.insert(words.end(), {"--socket", socket});
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    winsize size{.ws_row = 24, .ws_col = 100, .ws_xpixel = 0, .ws_ypixel = 0};
    int terminal = -1;
    child_ = ::forkpty(&terminal, nullptr, nullptr, &size);
    if (child_ == 0) {
      ::setenv("TERM", "xterm", 1);
      ::execv(UPBEAT_PROGRAM, arguments.data());
      ::_exit(127);
    }
    terminal_.reset(terminal);
  }
  OnTerminal(const OnTerminal&) = delete;
  OnTerminal& operator=(const OnTerminal&) = delete;
  ~OnTerminal() {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }

  /// Reads until `part` was printed; false if the program ends, or is silent for 20 s, before.
  bool wait_for(const std::string& part) {
    while (!printed.contains(part))
      if (!read_more()) return false;
    return true;
  }
  void type(const std::string& text) const {
    EXPECT_EQ(::write(terminal_.get(), text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
  }
  /// Its exit status, when it has ended by itself.
  int end() {
    while (read_more()) {
    }
    int status = 0;
    ::waitpid(child_, &status, 0);
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  std::string printed;

 private:
  bool read_more() {
    constexpr int patience_ms = 20'000;
    pollfd readable{.fd = terminal_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, patience_ms) <= 0) return false;
    std::string buffer(4096, '\0');
    const auto length = ::read(terminal_.get(), buffer.data(), buffer.size());
    if (length <= 0) return false;
    printed.append(buffer, 0, static_cast<std::size_t>(length));
    return true;
  }

  pid_t child_ = -1;
  Fd terminal_;
};

}  // namespace upbeat::cli
