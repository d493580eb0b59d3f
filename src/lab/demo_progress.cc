// SPDX-License-Identifier: Apache-2.0
// A thread redraws the line, so that a long call elsewhere does not silence it.
#include "lab/demo_progress.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

namespace upbeat::lab {
namespace {

using namespace std::chrono_literals;

constexpr auto redraw_on_terminal = 200ms;
constexpr auto repeat_elsewhere = 1900ms;

std::size_t terminal_width() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20) return 80;
  return size.ws_col;
}

}  // namespace

ProgressLine::ProgressLine()
    : on_terminal_(::isatty(STDERR_FILENO) == 1), begin_(std::chrono::steady_clock::now()) {
  thread_ = std::thread([this] { loop(); });
}

ProgressLine::~ProgressLine() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    clear();
  }
  changed_.notify_all();
  thread_.join();
}

void ProgressLine::say(std::string text) {
  const std::scoped_lock lock(mutex_);
  if (text == text_) return;
  text_ = std::move(text);
  if (on_terminal_) {
    draw();
  } else {
    changed_.notify_all();
  }
}

void ProgressLine::print(const std::string& text) {
  const std::scoped_lock lock(mutex_);
  clear();
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
  if (on_terminal_) draw();
}

void ProgressLine::loop() {
  std::unique_lock lock(mutex_);
  std::string said;
  while (!stopping_) {
    if (!text_.empty()) draw();
    said = text_;
    changed_.wait_for(lock, on_terminal_ ? redraw_on_terminal : repeat_elsewhere,
                      [&] { return stopping_ || text_ != said; });
  }
}

void ProgressLine::draw() {
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin_;
  auto line = fmt::format("[{:6.1f} s] {}", passed.count(), text_);
  if (on_terminal_) {
    line.resize(std::min(line.size(), terminal_width() - 1));
    fmt::print(stderr, "\r\033[K{}", line);
  } else {
    fmt::print(stderr, "{}\n", line);
  }
  std::fflush(stderr);
}

void ProgressLine::clear() {
  if (on_terminal_) fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
}

}  // namespace upbeat::lab
