// SPDX-License-Identifier: Apache-2.0
// The policy and what is asked about it to Protocol Buffers and back.
#include "wire/convert.h"

namespace upbeat::wire {

v1::Failback to_wire(const std::optional<Failback>& value) {
  return value ? to_wire(*value) : v1::FAILBACK_UNSPECIFIED;
}

std::optional<Failback> take_optional(v1::Failback value, Reading& reading) {
  if (value == v1::FAILBACK_UNSPECIFIED) return std::nullopt;
  return take(value, reading);
}

void put(const Policy& in, v1::Policy& out) {
  const auto& [restart_tries_here, restart_tries_elsewhere, failback, on_shutdown,
               quarantine_losses, quarantine_window_s] = in;
  out.set_restart_tries_here(restart_tries_here);
  out.set_restart_tries_elsewhere(restart_tries_elsewhere);
  out.set_failback(to_wire(failback));
  out.set_on_shutdown(to_wire(on_shutdown));
  out.set_quarantine_losses(quarantine_losses);
  out.set_quarantine_window_s(quarantine_window_s);
}

Policy take(const v1::Policy& in, Reading& reading) {
  return {.restart_tries_here = in.restart_tries_here(),
          .restart_tries_elsewhere = in.restart_tries_elsewhere(),
          .failback = take(in.failback(), reading),
          .on_shutdown = take(in.on_shutdown(), reading),
          .quarantine_losses = in.quarantine_losses(),
          .quarantine_window_s = in.quarantine_window_s()};
}

void put(const PolicySet& in, v1::PolicySet& out) {
  const auto& [restart_tries_here, restart_tries_elsewhere, failback, on_shutdown,
               quarantine_losses, quarantine_window_s] = in;
  if (restart_tries_here) out.set_restart_tries_here(*restart_tries_here);
  if (restart_tries_elsewhere) out.set_restart_tries_elsewhere(*restart_tries_elsewhere);
  out.set_failback(to_wire(failback));
  if (on_shutdown) out.set_on_shutdown(to_wire(*on_shutdown));
  if (quarantine_losses) out.set_quarantine_losses(*quarantine_losses);
  if (quarantine_window_s) out.set_quarantine_window_s(*quarantine_window_s);
}

PolicySet take(const v1::PolicySet& in, Reading& reading) {
  PolicySet out;
  if (in.has_restart_tries_here()) out.restart_tries_here = in.restart_tries_here();
  if (in.has_restart_tries_elsewhere()) out.restart_tries_elsewhere = in.restart_tries_elsewhere();
  out.failback = take_optional(in.failback(), reading);
  if (in.on_shutdown() != v1::ON_SHUTDOWN_UNSPECIFIED)
    out.on_shutdown = take(in.on_shutdown(), reading);
  if (in.has_quarantine_losses()) out.quarantine_losses = in.quarantine_losses();
  if (in.has_quarantine_window_s()) out.quarantine_window_s = in.quarantine_window_s();
  return out;
}

void put(const VmFailbackSet& in, v1::VmFailbackSet& out) {
  const auto& [vm, failback] = in;
  out.set_vm(vm.get());
  out.set_failback(to_wire(failback));
}

VmFailbackSet take(const v1::VmFailbackSet& in, Reading& reading) {
  return {.vm = VmId(in.vm()), .failback = take_optional(in.failback(), reading)};
}

}  // namespace upbeat::wire
