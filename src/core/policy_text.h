// SPDX-License-Identifier: Apache-2.0
// The policy in words, as operators type and read it.
#pragma once

#include <string>

#include "core/policy.h"

namespace upbeat {

/// "stay", "return"
[[nodiscard]] inline std::string failback_word(Failback failback) {
  return failback == Failback::stay ? "stay" : "return";
}

/// "migrate", "restart", "hold"
[[nodiscard]] inline std::string on_shutdown_word(OnShutdown on_shutdown) {
  switch (on_shutdown) {
    case OnShutdown::migrate:
      return "migrate";
    case OnShutdown::restart:
      return "restart";
    case OnShutdown::hold:
      return "hold";
  }
  return "unknown";
}

[[nodiscard]] inline std::string policy_text(const Policy& policy) {
  return "restart_tries_here " + std::to_string(policy.restart_tries_here) +
         ", restart_tries_elsewhere " + std::to_string(policy.restart_tries_elsewhere) +
         ", failback " + failback_word(policy.failback) + ", on_shutdown " +
         on_shutdown_word(policy.on_shutdown) + ", quarantine_losses " +
         std::to_string(policy.quarantine_losses) + ", quarantine_window_s " +
         std::to_string(policy.quarantine_window_s);
}

}  // namespace upbeat
