// SPDX-License-Identifier: Apache-2.0
// When a guest that is on its way has to be helped along, and how far.
#include "core/haste.h"

#include <algorithm>

#include "core/deadline.h"
#include "core/evacuation.h"
#include "core/text.h"

namespace upbeat {
namespace {

/// What another member tells may be anything; sums stay far from any overflow.
constexpr std::uint64_t sane_kib = std::uint64_t{1} << 40U;

ClusterTime time_for(std::uint64_t kib, std::uint64_t kib_per_s) {
  return usual_overhead +
         ClusterTime(static_cast<std::int64_t>(std::min(kib, sane_kib) * 1000 / kib_per_s));
}

/// Until the migration ends by itself, as it goes now; none if the guest writes as fast as it is
/// copied.
std::optional<ClusterTime> ends_in(const MigrationProgressed& now) {
  // The rate at which a guest writes is an estimate; what hardly converges does not.
  const auto dirty = std::min(now.dirty_kib_per_s, sane_kib);
  const auto writes = dirty + dirty / 4;
  if (now.rate_kib_per_s <= writes) return std::nullopt;
  return time_for(now.memory_left_kib, now.rate_kib_per_s - writes);
}

/// What the guests that are on their way from this node are copied with, taken together.
std::uint64_t rate_of_all(const State& state, NodeId node) {
  std::uint64_t sum = 0;
  for (const auto& seat : state.vms.on(node)) {
    const auto* move = std::get_if<Migrating>(&seat.record->phase);
    if (move == nullptr || move->from != node || !move->progress) continue;
    sum += std::min(move->progress->rate_kib_per_s, sane_kib);
  }
  return sum;
}

/// How long the guests need that leave after those that are on their way.
ClusterTime time_for_others(const State& state, NodeId node) {
  const auto kib_per_s = rate_of_all(state, node);
  ClusterTime sum{0};
  for (const auto& seat : state.vms.on(node)) {
    const auto* running = std::get_if<Running>(&seat.record->phase);
    if (running == nullptr || running->on != node) continue;
    sum += time_for(seat.record->spec.memory_kib, kib_per_s);
  }
  return sum;
}

/// What is left to copy, were the guest to stand still from now on.
ClusterTime rest_of(const MigrationProgressed& now) {
  return time_for(now.memory_left_kib, now.rate_kib_per_s);
}

/// Whether the guest, whose node has a deadline, could be elsewhere before what is left there is
/// powered off. If not, no pain that it is put to helps.
bool can_be_in_time(const State& state, const Migrating& move) {
  return rest_of(*move.progress) <= *last_moment_in(state, move.from);
}

/// What the node's deadline asks for; `copy` is the time for all of the guest's memory.
std::optional<Haste> by_deadline(const State& state, const Migrating& move, ClusterTime copy) {
  const auto left = last_call_in(state, move.from);
  if (!left || !can_be_in_time(state, move)) return std::nullopt;
  const auto spare = *left - time_for_others(state, move.from);
  if (const auto end = ends_in(*move.progress); end && *end < spare) return std::nullopt;
  const auto why = [&](const std::string& what) {
    return name_of(state, move.from) + " goes down within " +
           seconds(*time_left(state, move.from)) + ", and " + what;
  };
  if (spare <= copies_to_stand_still * copy) {
    return Haste{MoveStep::stand_still, why("copying all of it takes " + seconds(copy))};
  }
  if (spare <= copies_to_slow_down * copy) {
    return Haste{MoveStep::slowed_down, why("it writes too fast to be copied until then")};
  }
  return std::nullopt;
}

/// What its time on the way asks for.
std::optional<Haste> by_patience(const State& state, const Migrating& move, ClusterTime copy) {
  const auto took = state.now - move.begun_at;
  const auto why = [&] { return "it is on its way for " + seconds(took) + " already"; };
  if (took >= std::max(slowed_down_after, 3 * copy) && !ends_in(*move.progress)) {
    return Haste{MoveStep::slowed_down, why() + " and writes as fast as it is copied"};
  }
  if (took >= long_pause_after) return Haste{MoveStep::long_pause, why()};
  if (took >= longer_pause_after) return Haste{MoveStep::longer_pause, why()};
  return std::nullopt;
}

}  // namespace

std::string why_too_late(const State& state, const VmRecord& vm) {
  const auto* move = std::get_if<Migrating>(&vm.phase);
  if (move == nullptr || move->ended || move->called_off || move->given_up) return {};
  if (last_call_in(state, move->from) != ClusterTime{0}) return {};
  const bool is_copied = move->progress && move->progress->rate_kib_per_s > 0;
  if (is_copied ? can_be_in_time(state, *move)
                : usual_overhead <= *last_moment_in(state, move->from)) {
    return {};
  }
  return name_of(state, move->from) + " goes down within " +
         seconds(*time_left(state, move->from)) + ", and " +
         (is_copied ? "copying what is left of it takes " + seconds(rest_of(*move->progress))
                    : "none of it is copied yet");
}

std::optional<Haste> haste_due(const State& state, const VmRecord& vm) {
  const auto* move = std::get_if<Migrating>(&vm.phase);
  if (move == nullptr || move->ended || move->called_off || move->given_up) {
    return std::nullopt;
  }
  // Where nothing is copied yet, nothing can be helped along.
  if (!move->progress || move->progress->rate_kib_per_s == 0) return std::nullopt;
  const auto copy = time_for(vm.spec.memory_kib, move->progress->rate_kib_per_s);
  auto due = by_deadline(state, *move, copy);
  if (!due) due = by_patience(state, *move, copy);
  if (!due || due->step <= move->step) return std::nullopt;
  return due;
}

}  // namespace upbeat
