// SPDX-License-Identifier: Apache-2.0
// The twin of systemd-logind.
#include "shutdown/simulated_shutdown.h"

#include <utility>

namespace upbeat {

void SimulatedMachine::announce(std::string why) {
  if (under_way_) return;
  under_way_ = std::move(why);
  how_ = Going::down;
  if (!held_) return go();
  deadline_ = clock_.after(budget_, [this] { go(); });
  turn_ = clock_.after(std::chrono::nanoseconds(0),
                       [this] { listener_->on_shutdown({*under_way_, budget_}); });
}

void SimulatedMachine::ail(std::string why) {
  if (under_way_) return;
  under_way_ = std::move(why);
  how_ = Going::failing;
  if (listener_ == nullptr) return;
  turn_ = clock_.after(std::chrono::nanoseconds(0),
                       [this] { listener_->on_shutdown({*under_way_, std::nullopt, how_}); });
}

void SimulatedMachine::cancel() {
  if (!under_way_) return;
  under_way_.reset();
  deadline_.cancel();
  going_.cancel();
  turn_.cancel();
  if (listener_ == nullptr) return;
  held_ = true;
  turn_ = clock_.after(std::chrono::nanoseconds(0), [this] { listener_->on_shutdown_cancelled(); });
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
    return {};
  }
  // As with logind: too late for a lock, but not for knowing.
  host_.turn_ = host_.clock_.after(std::chrono::nanoseconds(0), [&host = host_] {
    host.listener_->on_shutdown({*host.under_way_, std::nullopt, host.how_});
  });
  return {};
}

void SimulatedShutdown::let_go() {
  if (host_.how_ == Going::failing && host_.under_way_) return;
  if (!std::exchange(host_.held_, false) || !host_.under_way_) return;
  host_.going_ = host_.clock_.after(std::chrono::nanoseconds(0), [&host = host_] { host.go(); });
}

}  // namespace upbeat
