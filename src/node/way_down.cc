// SPDX-License-Identifier: Apache-2.0
// The node's loop on a host that is told to go: asks to be emptied, says good-bye, lets go.
#include <algorithm>
#include <utility>

#include "node/node.h"

namespace upbeat {
namespace {

DrainCause cause_of(Going going) {
  switch (going) {
    case Going::down:
      return DrainCause::shutdown;
    case Going::on_battery:
      return DrainCause::battery;
    case Going::failing:
      return DrainCause::failing;
  }
  return DrainCause::shutdown;
}

}  // namespace

void Node::on_shutdown(const ShutdownNotice& notice) {
  // What was announced before and is no longer must not outlast what is announced now.
  if (going_down_ && notice.going > going_down_->going) take_back();
  going_down_ = notice;
  let_go_ = false;
  shutdown_limit_.cancel();
  no_quorum_limit_.cancel();
  if (notice.going == Going::failing) {
    say("had better be empty: " + notice.why);
    return ask_for_drain();
  }
  say("has to go down: " + notice.why);
  const auto budget =
      std::min(notice.budget.value_or(options_.shutdown_budget), options_.shutdown_budget);
  shutdown_limit_ = ports_.clock.after(budget, [this] { let_go("the time it had is over"); });
  shutdown_ends_ = ports_.clock.now() + budget;
  ask_for_drain();
}

/// Again whenever it gets into step: what was asked for in another life of the daemon is forgotten.
void Node::ask_for_drain() {
  if (replica_.in_step()) {
    const auto& drain = state().nodes.at(self()).drain;
    if (!drain || drain->why != going_down_->why) {
      DrainRequested asked{self(), cause_of(going_down_->going), going_down_->why, {}};
      if (going_down_->going != Going::failing) {
        asked.budget = std::chrono::duration_cast<std::chrono::milliseconds>(shutdown_ends_ -
                                                                             ports_.clock.now());
      }
      replica_.propose(asked, Repeat::until_applied);
    }
  } else if (going_down_->going == Going::failing) {
    return;  // it stays, and asks again once it is in step
  } else if (inventory_.guests() == std::optional<std::size_t>(0)) {
    let_go("no guest is here");
  } else {
    limit_wait_for_quorum();
  }
  reconcile();
}

void Node::take_back() {
  replica_.propose(NodeLeaving{.node = self(), .stays = true}, Repeat::until_applied);
  self_fence_.stand_up();
}

void Node::limit_wait_for_quorum() {
  no_quorum_limit_ = ports_.clock.after(no_quorum_patience, [this] {
    if (going_down_ && !replica_.in_step()) let_go("the cluster has no quorum: " + trouble());
  });
}

void Node::on_shutdown_cancelled() {
  const auto notice = std::exchange(going_down_, std::nullopt);
  if (!notice) return;
  shutdown_limit_.cancel();
  if (notice->going == Going::failing) {
    say("is well again: " + notice->why + ": no longer");
    return reconcile();
  }
  self_fence_.stand_up();
  say("stays: the shutdown was cancelled");
  reconcile();
}

/// No shutdown is coming, or none any more: takes back what may have been on its way for one.
void Node::stay() {
  if (reset_wanted_ || !is_told_to_go(state(), self())) return;
  const auto& drain = state().nodes.at(self()).drain;
  if (drain && drain->cause == DrainCause::failing && ports_.shutdown.undecided()) return;
  if (std::exchange(leave_asked_, true)) return;
  replica_.propose(NodeLeaving{.node = self(), .stays = true}, Repeat::never,
                   [this](const Result<void>& /*stays*/) { leave_asked_ = false; });
}

/// On the way down: when nobody may be running anything here any more, says good-bye and goes.
void Node::go_down() {
  if (!going_down_) return stay();
  if (let_go_ || going_down_->going == Going::failing) return;
  const auto* here = online(state(), self());
  const auto found = state().nodes.find(self());
  if (here == nullptr || found == state().nodes.end() || !found->second.drain) return;
  if (here->leaving) {
    self_fence_.stand_down();
    let_go("all its guests have left");
  } else if (here->reported && is_empty(state(), self()) && work_.idle()) {
    if (std::exchange(leave_asked_, true)) return;
    replica_.propose(NodeLeaving{.node = self()}, Repeat::never,
                     [this](const Result<void>& /*left*/) { leave_asked_ = false; });
  }
}

void Node::let_go(const std::string& why) {
  if (std::exchange(let_go_, true)) return;
  shutdown_limit_.cancel();
  say("goes down: " + why);
  ports_.shutdown.let_go();
}

}  // namespace upbeat
