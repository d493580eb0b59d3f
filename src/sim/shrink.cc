// SPDX-License-Identifier: Apache-2.0
// Makes a story that goes wrong as short as it can be and still go wrong in the same way.
#include "sim/shrink.h"

#include <algorithm>

namespace upbeat {
namespace {

class Shrinker {
 public:
  Shrinker(Scenario story, std::string checker)
      : story_(std::move(story)), checker_(std::move(checker)) {}

  Scenario run() {
    for (std::size_t piece = std::max<std::size_t>(story_.timeline.size() / 2, 1); piece > 0;) {
      const bool shorter = leave_out(piece);
      if (plays_ >= shrink_plays_limit) break;
      if (!shorter || piece > story_.timeline.size()) piece /= 2;
    }
    return std::move(story_);
  }

 private:
  /// Tries to do without each run of `piece` steps; whether one could go.
  bool leave_out(std::size_t piece) {
    bool some = false;
    for (std::size_t at = 0; at < story_.timeline.size() && plays_ < shrink_plays_limit;) {
      Scenario trial = story_;
      const auto first = trial.timeline.begin() + static_cast<std::ptrdiff_t>(at);
      const auto count = std::min(piece, trial.timeline.size() - at);
      trial.timeline.erase(first, first + static_cast<std::ptrdiff_t>(count));
      if (still_wrong(trial)) {
        story_ = std::move(trial);
        some = true;
      } else {
        at += piece;
      }
    }
    return some;
  }
  bool still_wrong(Scenario& trial) {
    ++plays_;
    const auto result = play(trial, Keep::violations);
    const auto found = std::ranges::find(result.violations, checker_, &Violation::checker);
    if (found == result.violations.end()) return false;
    if (found->at < trial.length) trial.length = found->at;
    return true;
  }

  Scenario story_;
  std::string checker_;
  int plays_ = 0;
};

}  // namespace

Scenario shrink(const Scenario& story, const std::string& checker) {
  return Shrinker(story, checker).run();
}

}  // namespace upbeat
