// SPDX-License-Identifier: Apache-2.0
// What a command that takes a while shows: a line per step with its seconds; on a terminal the step
// under way is one line that changes in place.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/result.h"

namespace upbeat::lab {

class Progress {
 public:
  Progress();

  /// Begins a step; what it is called stays until done().
  void begin(std::string step);
  /// How far the step is, such as "3/8"; shown at once on a terminal only.
  void tell(const std::string& how_far);
  /// Ends the step with its line.
  void done(const std::string& result = "");
  /// Leaves an unfinished step's line, for an error to follow.
  void abandon();

 private:
  void redraw(const std::string& how_far) const;
  [[nodiscard]] std::string seconds() const;

  bool terminal_;      ///< else plain lines only
  bool open_ = false;  ///< a step is under way
  std::string step_;
  std::chrono::steady_clock::time_point began_;
};

}  // namespace upbeat::lab
