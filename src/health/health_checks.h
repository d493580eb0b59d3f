// SPDX-License-Identifier: Apache-2.0
// All that is looked at to tell whether this host is about to fail, by what its owner has set.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "health/health_settings.h"
#include "health/health_source.h"

namespace upbeat {

/// What the checks need of the daemon.
struct HealthSurroundings {
  std::string state_file;  ///< has to be written to all the time
  /// Whether nothing is known to be wrong with the hypervisor. Asked on the loop's thread.
  std::function<bool()> hypervisor_answers;
};

[[nodiscard]] std::vector<HealthCheck> health_checks(const HealthSettings& settings,
                                                     HealthSurroundings around);

}  // namespace upbeat
