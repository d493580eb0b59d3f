// SPDX-License-Identifier: Apache-2.0
// How a node stands, in one line for its own console and its service manager.
#include "core/status_line.h"

#include <algorithm>

#include "core/deadline.h"
#include "core/evacuation.h"
#include "core/text.h"

namespace upbeat {
namespace {

/// Guests whose moves are told one by one; more would not fit a line.
constexpr int moves_told = 3;

std::string count_text(std::size_t guests, const char* one, const char* many) {
  return guests == 1 ? std::string("1 ") + one : std::to_string(guests) + " " + many;
}

std::string copied_text(const Migrating& move) {
  if (!move.progress || move.progress->memory_total_kib == 0) return "goes";
  const auto total = move.progress->memory_total_kib;
  const auto left = std::min(move.progress->memory_left_kib, total);
  // Thousandths of the whole first: a product of what another member told may be too large.
  const auto percent =
      total < 100 ? 0 : std::min<std::uint64_t>((total - left) / (total / 100), 100);
  return "is " + std::to_string(percent) + " % copied";
}

std::string moves_text(const State& state, NodeId node) {
  std::string text;
  int told = 0;
  for (const auto& seat : state.vms.on(node)) {
    const auto* move = std::get_if<Migrating>(&seat.record->phase);
    if (move == nullptr || move->from != node || told == moves_told) continue;
    ++told;
    text += ", " + seat.vm.get() + " " + copied_text(*move) + " to " + name_of(state, move->to);
  }
  return text;
}

std::string when_text(const State& state, NodeId node) {
  const auto seen = outlook(state, node);
  std::string text = seen.stranded.empty() ? ", some " + seconds(seen.takes)
                                           : ", but " + seen.stranded.front().why;
  if (const auto left = time_left(state, node)) {
    text += "; it goes down within " + seconds(*left);
  }
  return text;
}

}  // namespace

std::string status_line(const State& state, NodeId node) {
  const auto found = state.nodes.find(node);
  if (found == state.nodes.end()) return "not a member yet";
  const auto guests = state.vms.on(node).size();
  const auto& drain = found->second.drain;
  if (!drain) return count_text(guests, "VM runs here", "VMs run here");
  const auto what = "hands its VMs over" + in_brackets(drain->why) + ": ";
  if (guests == 0) return what + "none is left";
  return what + count_text(guests, "is left", "are left") + moves_text(state, node) +
         when_text(state, node);
}

}  // namespace upbeat
