// SPDX-License-Identifier: Apache-2.0
// Policy changes.
#include "core/apply_parts.h"
#include "core/policy_text.h"

namespace upbeat {

void apply_event(State& state, const PolicySet& event) {
  auto& policy = state.policy;
  policy.restart_tries_here = event.restart_tries_here.value_or(policy.restart_tries_here);
  policy.restart_tries_elsewhere =
      event.restart_tries_elsewhere.value_or(policy.restart_tries_elsewhere);
  policy.failback = event.failback.value_or(policy.failback);
  policy.on_shutdown = event.on_shutdown.value_or(policy.on_shutdown);
  policy.quarantine_losses = event.quarantine_losses.value_or(policy.quarantine_losses);
  policy.quarantine_window_s = event.quarantine_window_s.value_or(policy.quarantine_window_s);
  tell(state, "cluster", "the policy is now: " + policy_text(policy));
}

void apply_event(State& state, const VmFailbackSet& event) {
  auto& vm = state.vms.edit(event.vm);
  vm.failback = event.failback;
  vm.move_failures = 0;
  tell(state, event.vm,
       event.failback ? "has a failback of its own: " + failback_word(*event.failback)
                      : "has the policy's failback: " + failback_word(state.policy.failback));
}

}  // namespace upbeat
