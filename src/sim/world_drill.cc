// SPDX-License-Identifier: Apache-2.0
// Drills in a world: an operator asks for one and reads what it found.
#include "sim/world.h"

namespace upbeat {
namespace {

constexpr std::chrono::milliseconds reading_interval{500};

}  // namespace

void World::drill() {
  auto* asked = next_asked();
  if (asked == nullptr) return refuse("drill", "no daemon runs that could be asked");
  const auto begun = asked->drills().begin();
  if (!begun) return refuse("drill", "refused: " + begun.error().text);
  read_drill(asked->self(), *begun);
}

void World::read_drill(NodeId asked, std::uint64_t number) {
  drilling_ = clock_.after(reading_interval, [this, asked, number] {
    auto* node = machines_.at(asked)->node();
    const auto& drill = node == nullptr ? std::nullopt : node->drills().so_far();
    if (!drill || drill->drill != number) {
      return log("operator", "drill: the daemon that was asked forgot it");
    }
    if (!is_over(drill->answers)) return read_drill(asked, number);
    const auto found = findings(node->state(), drill->answers);
    if (found.empty()) log("operator", "drill: nothing would fail");
    for (const auto& finding : found) log("operator", "drill: " + finding.text);
  });
}

void World::drill_watchdog(const std::string& node) {
  const std::string words = "watchdog-drill " + node;
  auto* asked = next_asked();
  if (asked == nullptr) return refuse(words, "no daemon runs that could be asked");
  asked->drills().ask_for_reset(id_of(node), [this, words](const Result<void>& consent) {
    if (!consent) return refuse(words, "refused: " + consent.error().text);
    log("operator", words + ": granted");
  });
}

}  // namespace upbeat
