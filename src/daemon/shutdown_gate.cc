// SPDX-License-Identifier: Apache-2.0
// The two ways in which a host tells its daemon to go, as one.
#include "daemon/shutdown_gate.h"

#include "shutdown/system_state.h"

namespace upbeat {

Result<void> ShutdownGate::start(ShutdownListener& listener) {
  listener_ = &listener;
  return announced_.start(*this);
}

void ShutdownGate::on_shutdown(const ShutdownNotice& notice) {
  going_down_ = true;
  gone_ = false;
  if (listener_ != nullptr) listener_->on_shutdown(notice);
}

void ShutdownGate::on_shutdown_cancelled() {
  going_down_ = false;
  gone_ = false;
  if (listener_ != nullptr) listener_->on_shutdown_cancelled();
}

void ShutdownGate::let_go() {
  gone_ = true;
  announced_.let_go();
  if (stopping_ && exit_) clock_.post(exit_);
}

void ShutdownGate::asked_to_stop() {
  stopping_ = true;
  const auto down = system_is_going_down();
  const bool host_goes = going_down_ || (down && *down);
  if (host_goes && gone_) return exit_();
  if (!host_goes) return stop_();
  // Announced already: the node is at it, and let_go ends the program.
  if (!going_down_) on_shutdown({.why = "the host is shutting down", .budget = {}});
}

}  // namespace upbeat
