// SPDX-License-Identifier: Apache-2.0
// What `upbeat lab status` tells, all of it from the world.
#pragma once

#include <string>

#include "lab/lab.h"

namespace upbeat::lab {

/// One object: {"lab","accelerator","nodes":[{"name","power","state","links","guests"}],
/// "vms":[{"name","address","running_on","answers","boot_id","memory_errors"}]}.
[[nodiscard]] std::string status_json(const Lab& lab);

/// The same for a person.
[[nodiscard]] std::string status_text(const Lab& lab);

}  // namespace upbeat::lab
