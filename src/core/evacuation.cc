// SPDX-License-Identifier: Apache-2.0
// Whether a node could be emptied: the placement, tried out on a copy of the state.
#include "core/evacuation.h"

#include <algorithm>
#include <tuple>

#include "core/decide.h"
#include "core/placement.h"

namespace upbeat {

std::vector<VmId> leaving_order(const State& state, NodeId node) {
  auto seats = state.vms.on(node);
  std::ranges::stable_sort(seats, [](const Guests::Seat& a, const Guests::Seat& b) {
    const auto& left = a.record->spec;
    const auto& right = b.record->spec;
    return std::tuple(-std::int64_t{left.priority}, right.memory_kib) <
           std::tuple(-std::int64_t{right.priority}, left.memory_kib);
  });
  std::vector<VmId> order;
  for (auto& seat : seats) order.push_back(std::move(seat.vm));
  return order;
}

namespace {

/// Gives each guest that has yet to leave the node a place in `trial`; those that find none.
std::vector<Stranded> move_out(State& trial, NodeId node) {
  std::vector<Stranded> stranded;
  for (const auto& vm : leaving_order(trial, node)) {
    if (trial.vms.at(vm).may_run_on.size() > 1) continue;  // on its way already
    if (const auto target = place(trial, vm)) {
      trial.vms.edit(vm).may_run_on.emplace(target->node, trial.index);
      trial.vms.settle();
    } else {
      stranded.push_back({vm, target.error()});
    }
  }
  return stranded;
}

}  // namespace

namespace {

/// What another member tells may be anything; sums stay far from any overflow.
ClusterTime at_most_a_month(std::uint64_t ms) {
  constexpr ClusterTime month = std::chrono::days{30};
  return ms < static_cast<std::uint64_t>(month.count()) ? ClusterTime(static_cast<std::int64_t>(ms))
                                                        : month;
}

/// How long a memory takes that nobody has seen moving.
class Pace {
 public:
  explicit Pace(const State& state) {
    for (const auto& [id, vm] : state.vms) {
      if (!vm.last_move || !vm.last_move->success) continue;
      kib_ += vm.spec.memory_kib;
      took_ += ClusterTime(vm.last_move->total_ms);
    }
  }
  [[nodiscard]] ClusterTime of(std::uint64_t kib) const {
    const auto share = [kib](std::uint64_t ms, std::uint64_t of_kib) {
      return at_most_a_month(kib * ms / of_kib);
    };
    if (kib_ == 0) return usual_overhead + share(1000, usual_rate_kib_per_s);
    return share(static_cast<std::uint64_t>(took_.count()), kib_);
  }

 private:
  std::uint64_t kib_ = 0;
  ClusterTime took_{0};
};

ClusterTime time_to_leave(const VmRecord& vm, const Pace& pace) {
  const auto* move = std::get_if<Migrating>(&vm.phase);
  if (move != nullptr && move->progress && move->progress->rate_kib_per_s > 0) {
    const auto& now = *move->progress;
    // What it writes meanwhile has to be copied as well; one that writes faster than it is copied
    // will be made to stand still, or slow, for at least one copy of it all.
    if (now.dirty_kib_per_s >= now.rate_kib_per_s) {
      return at_most_a_month(now.memory_total_kib * 1000 / now.rate_kib_per_s);
    }
    return at_most_a_month(now.memory_left_kib * 1000 / (now.rate_kib_per_s - now.dirty_kib_per_s));
  }
  if (vm.last_move && vm.last_move->success) return ClusterTime(vm.last_move->total_ms);
  return pace.of(vm.spec.memory_kib);
}

}  // namespace

ClusterTime time_to_leave(const State& state, const VmId& vm) {
  return time_to_leave(state.vms.at(vm), Pace(state));
}

Outlook outlook(const State& state, NodeId node) {
  Outlook seen{.stranded = stranded_by_drain(state, node)};
  const Pace pace(state);
  ClusterTime prepared{0};
  ClusterTime longest{0};
  for (const auto& [id, vm] : state.vms.on(node)) {
    const bool stays = std::ranges::any_of(
        seen.stranded, [&guest = id](const Stranded& one) { return one.vm == guest; });
    const auto* move = std::get_if<Migrating>(&vm->phase);
    if (stays || (move != nullptr && move->from != node)) continue;
    const auto takes = time_to_leave(*vm, pace);
    const bool is_copied = move != nullptr && move->progress;
    const auto preparing = is_copied ? ClusterTime{0} : std::min(takes, usual_overhead);
    seen.takes += takes - preparing;
    prepared += preparing;
    longest = std::max(longest, preparing);
  }
  // Guests are made ready at their targets side by side; the wire carries one after another.
  seen.takes += std::max(longest, prepared / moves_from_limit);
  return seen;
}

namespace {

/// What is still to leave other nodes needs room as well, and was granted it before.
void move_out_others(State& trial, const State& state, NodeId node) {
  for (const auto& [other, record] : state.nodes) {
    if (other == node || !record.drain || online(state, other) == nullptr ||
        stops_its_guests(state, other)) {
      continue;
    }
    static_cast<void>(move_out(trial, other));
  }
}

}  // namespace

std::vector<Stranded> stranded_by_drain(const State& state, NodeId node) {
  State trial = state;
  if (trial.nodes.contains(node)) trial.nodes.edit(node).drain = Drain{};
  move_out_others(trial, state, node);
  return move_out(trial, node);
}

std::vector<Stranded> stranded_by_loss(const State& state, NodeId node) {
  State trial = state;
  if (trial.nodes.contains(node)) trial.nodes.edit(node).standing = ProvedOff{};
  move_out_others(trial, state, node);
  const auto order = leaving_order(trial, node);
  for (const auto& vm : order) trial.vms.edit(vm).may_run_on.erase(node);
  trial.vms.settle();
  std::vector<Stranded> stranded;
  for (const auto& vm : order) {
    const auto& record = trial.vms.at(vm);
    // One that is on its way is at the other end, or will be.
    if (!record.may_run_on.empty() || record.wanted != Wanted::running) continue;
    if (const auto target = place(trial, vm)) {
      trial.vms.edit(vm).may_run_on.emplace(target->node, trial.index);
      trial.vms.settle();
    } else {
      stranded.push_back({vm, target.error()});
    }
  }
  return stranded;
}

}  // namespace upbeat
