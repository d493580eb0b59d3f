// SPDX-License-Identifier: Apache-2.0
// The table [health] of the configuration file, and the owner's programs below it.
#pragma once

#include <string>

#include "base/result.h"
#include "base/toml.h"
#include "health/health_settings.h"

namespace upbeat {

/// Reads it into `settings`. `path` is the file's, for complaints.
[[nodiscard]] Result<void> read_health_table(const toml::table& table, const std::string& path,
                                             HealthSettings& settings);

}  // namespace upbeat
