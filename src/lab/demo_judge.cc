// SPDX-License-Identifier: Apache-2.0
// Keeps, for each process, when it was first and last seen to execute; compares pairs.
#include "lab/demo_judge.h"

#include <algorithm>

namespace upbeat::lab {
namespace {

std::string text(const QemuSeen& seen) {
  return "QEMU " + std::to_string(seen.pid) + " on " + seen.node +
         (seen.origin == Origin::booted ? " (booted it)" : " (received it)");
}

}  // namespace

void RunJudge::accuse(const QemuSeen& one, const QemuSeen& other, const std::string& how) {
  const std::pair pair{std::min(Key(one.pid, one.start_ticks), Key(other.pid, other.start_ticks)),
                       std::max(Key(one.pid, one.start_ticks), Key(other.pid, other.start_ticks))};
  if (!accused_.emplace(pair, true).second) return;
  twice_.push_back({one.vm, one.vm + ": " + text(one) + " " + how + " " + text(other)});
}

void RunJudge::judge_boot(const QemuSeen& booted, const std::vector<QemuSeen>& seen) {
  for (const auto& other : seen) {
    if (other.vm != booted.vm || other == booted) continue;
    // The first sample may find a migration under way: then the one that waits is the younger.
    if (other.origin == Origin::migrated_in && other.start_ticks > booted.start_ticks) continue;
    accuse(booted, other, "was started beside");
  }
}

void RunJudge::judge_pair(const Life& one, const Life& other) {
  // In a handover only the later one executes after the other had executed.
  if (one.last_executed >= other.first_executed && other.last_executed >= one.first_executed) {
    accuse(one.seen, other.seen, "executed it in turns with");
  }
  const auto both_since = std::max(one.first_executed, other.first_executed);
  if (both_since != Instant::max() &&
      std::min(one.seen.read_to, other.seen.read_to) - both_since > handover_limit) {
    accuse(one.seen, other.seen, "was still there long after it was executed by");
  }
}

void RunJudge::sample(const std::vector<QemuSeen>& seen) {
  for (const auto& one : seen) {
    const auto [found, is_new] = lives_.try_emplace(Key(one.pid, one.start_ticks), Life{one, one});
    auto& life = found->second;
    if (is_new) {  // what it executed until now, it executed at a time that nobody knows
      if (one.origin == Origin::booted) judge_boot(one, seen);
      continue;
    }
    if (one.guest_cpu - life.mark.guest_cpu >= executing_at_least) {
      life.first_executed = std::min(life.first_executed, one.read_to);
      life.last_executed = life.mark.read_from;
      life.mark = one;
    }
    life.seen = one;
  }
  for (const auto& one : seen) {
    for (const auto& other : seen) {
      if (one.vm != other.vm || one == other) continue;
      judge_pair(lives_.at({one.pid, one.start_ticks}), lives_.at({other.pid, other.start_ticks}));
    }
  }
  last_ = seen;
}

std::vector<QemuSeen> RunJudge::ever() const {
  std::vector<QemuSeen> all;
  for (const auto& [key, life] : lives_) all.push_back(life.seen);
  return all;
}

}  // namespace upbeat::lab
