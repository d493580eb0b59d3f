// SPDX-License-Identifier: Apache-2.0
// A process that can stand still (SIGSTOP, a starved host): what reaches it meanwhile waits in
// line.
#pragma once

#include <deque>
#include <functional>
#include <utility>

namespace upbeat {

/// Everything that comes to one daemon from outside passes here. Single-threaded.
class Gate {
 public:
  [[nodiscard]] bool open() const { return open_; }
  /// Runs `call` now, or in its turn once the process goes on.
  template <class Call>
  void pass(Call&& call) {
    if (open_) return std::forward<Call>(call)();
    waiting_.emplace_back(std::forward<Call>(call));
  }
  void stand_still() { open_ = false; }
  void go_on() {
    open_ = true;
    while (open_ && !waiting_.empty()) {
      const auto call = std::move(waiting_.front());
      waiting_.pop_front();
      call();
    }
  }

 private:
  bool open_ = true;
  std::deque<std::function<void()>> waiting_;
};

}  // namespace upbeat
