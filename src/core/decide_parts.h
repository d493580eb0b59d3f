// SPDX-License-Identifier: Apache-2.0
// The rooms of `decide`, for its own files only.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/apply.h"
#include "core/decide.h"
#include "core/decision.h"
#include "core/state.h"

namespace upbeat {

/// A copy of the state on which each decision is tried as soon as it is taken, so that the next one
/// counts with it.
class Plan {
 public:
  explicit Plan(const State& state) : state_(state) {}

  [[nodiscard]] const State& state() const { return state_; }
  /// Enough for one event; what is left is decided after it.
  [[nodiscard]] bool is_full() const { return decisions_.size() >= decisions_limit; }
  void decide(Action action, std::string why) {
    Decision decision{std::move(action), Reason(std::move(why))};
    state_ = apply(std::move(state_), Decided{state_.epoch, {decision}});
    decisions_.push_back(std::move(decision));
  }
  /// Says why a guest waits, once.
  void hold(const VmId& vm, const std::string& why) {
    if (state_.vms.at(vm).waits_for != why) decide(HoldVm{vm}, why);
  }
  [[nodiscard]] std::vector<Decision> take() { return std::move(decisions_); }

 private:
  State state_;
  std::vector<Decision> decisions_;
};

/// Most important first, then the largest, so that small ones fill what is left.
void sort_by_importance(const State& state, std::vector<VmId>& vms);

/// The guests for which `counts(id, record)` is true, in that order.
template <class Counts>
[[nodiscard]] std::vector<VmId> by_importance(const State& state, const Counts& counts) {
  std::vector<VmId> order;
  for (const auto& [id, vm] : state.vms) {
    if (counts(id, vm)) order.push_back(id);
  }
  sort_by_importance(state, order);
  return order;
}

/// Moves guests off nodes that are to be emptied.
void drain(Plan& plan);
/// Moves a guest that an operator wants elsewhere; `vm` is its record.
void move_as_asked(Plan& plan, const VmId& id, const VmRecord& vm);
/// Shuts down the guests of a node that goes down, where policy wants that.
void stop_guests(Plan& plan, NodeId node);
/// Moves one guest back to its home, while nothing else is on its way.
void fail_back(Plan& plan);
/// Moves one guest for the sake of strict rules, while nothing else is on its way.
void keep_rules(Plan& plan);
/// Moves one guest off a node that is quarantined, while nothing else is on its way and if another
/// node has room.
void leave_quarantine(Plan& plan);

}  // namespace upbeat
