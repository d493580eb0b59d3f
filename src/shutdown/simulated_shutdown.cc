// SPDX-License-Identifier: Apache-2.0
// The twin of systemd-logind.
#include "shutdown/simulated_shutdown.h"

#include <utility>

namespace upbeat {

void SimulatedMachine::announce(std::string why) {
  if (under_way_) return;
  under_way_ = std::move(why);
  if (!held_) return go();
  deadline_ = clock_.after(budget_, [this] { go(); });
  tell([this] { listener_->on_shutdown({*under_way_, budget_}); });
}

void SimulatedMachine::ail(std::string why) {
  if (ails_) return;
  ails_ = std::move(why);
  if (!under_way_) tell_ailing();
}

void SimulatedMachine::recover() {
  if (!ails_) return;
  ails_.reset();
  if (!under_way_) tell([this] { listener_->on_shutdown_cancelled(); });
}

void SimulatedMachine::cancel() {
  if (!under_way_) return;
  under_way_.reset();
  deadline_.cancel();
  going_.cancel();
  turn_.cancel();
  if (listener_ == nullptr) return;
  held_ = true;
  if (ails_) return tell_ailing();
  tell([this] { listener_->on_shutdown_cancelled(); });
}

void SimulatedMachine::tell(std::function<void()> what) {
  if (listener_ != nullptr) turn_ = clock_.after(std::chrono::nanoseconds(0), std::move(what));
}

void SimulatedMachine::tell_ailing() {
  tell([this] { listener_->on_shutdown({*ails_, std::nullopt, Going::failing}); });
}

void SimulatedMachine::go() {
  deadline_.cancel();
  held_ = false;
  goes_();
}

SimulatedShutdown::~SimulatedShutdown() {
  if (!started_) return;
  host_.listener_ = nullptr;
  host_.turn_.cancel();
  let_go();
}

Result<void> SimulatedShutdown::start(ShutdownListener& listener) {
  started_ = true;
  host_.listener_ = &listener;
  if (!host_.under_way_) {
    host_.held_ = true;
    if (host_.ails_) host_.tell_ailing();
    return {};
  }
  // As with logind: too late for a lock, but not for knowing.
  host_.turn_ = host_.clock_.after(std::chrono::nanoseconds(0), [&host = host_] {
    host.listener_->on_shutdown({*host.under_way_, std::nullopt});
  });
  return {};
}

void SimulatedShutdown::let_go() {
  if (!std::exchange(host_.held_, false) || !host_.under_way_) return;
  host_.going_ = host_.clock_.after(std::chrono::nanoseconds(0), [&host = host_] { host.go(); });
}

}  // namespace upbeat
