// SPDX-License-Identifier: Apache-2.0
// One line that always says what is going on, never older than a second or two.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace upbeat::lab {

/// On a terminal a line that is drawn over and over with the seconds passed; elsewhere a new line
/// whenever the text changes, and every two seconds at the latest. Writes to standard error.
/// Thread safe.
class ProgressLine {
 public:
  ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine();  ///< takes the line away

  /// From now on the line says this.
  void say(std::string text);
  /// Prints text that stays, to standard output, above the line.
  void print(const std::string& text);

 private:
  void loop();
  void draw();   // with mutex_ held
  void clear();  // with mutex_ held

  const bool on_terminal_;
  const std::chrono::steady_clock::time_point begin_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::string text_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace upbeat::lab
