// SPDX-License-Identifier: Apache-2.0
// story_logs FIRST LAST: tells the stories of these seeds. What builds and runs tell is compared by
// tools/same-logs.
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "sim/chance.h"
#include "sim/run.h"

namespace {

/// All that a run keeps, as text.
std::string told(const upbeat::RunResult& result) {
  std::string text = upbeat::format_log(result.log);
  for (const auto& [at, view, what, why] : result.decisions) {
    text += std::to_string(at.count()) + " " + std::to_string(view.get()) + " " + what + ": " +
            why + "\n";
  }
  for (const auto& [checker, at, what] : result.violations) {
    text += "WRONG " + checker + " " + std::to_string(at.count()) + " " + what + "\n";
  }
  for (const auto& [vm, node] : result.placements) text += vm + " " + node + "\n";
  return text + std::to_string(result.events_applied) + " events\n";
}

}  // namespace

int main(int count, char** words) {
  if (count != 3) {
    std::cerr << "story_logs: give the first and the last seed\n";
    return 2;
  }
  const auto first = std::strtoull(words[1], nullptr, 10);
  const auto last = std::strtoull(words[2], nullptr, 10);
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const auto story = upbeat::story_of(seed, {});
    std::cout << "seed " << seed << "\n" << told(upbeat::play(story, upbeat::Keep::everything));
  }
  std::cout.flush();
  return std::cout ? 0 : 1;
}
