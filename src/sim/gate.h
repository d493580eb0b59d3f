// SPDX-License-Identifier: Apache-2.0
// A process that can stand still (SIGSTOP, a starved host): what reaches it meanwhile waits in
// line.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <utility>

#include "base/strong.h"

namespace upbeat {

/// What daemon `to` hears instead of a message's `bytes`. No cluster engine does that: tests use it
/// to break on purpose what the code promises.
using Tamper = std::function<std::string(NodeId to, const std::string& bytes)>;

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
