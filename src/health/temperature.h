// SPDX-License-Identifier: Apache-2.0
// The host's temperatures, and those at which the kernel will shut it down:
// driver-api/thermal/sysfs-api.rst.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "health/finding.h"

namespace upbeat {

/// A thermal zone. Temperatures are thousandths of a degree Celsius, as the kernel gives them.
struct ThermalZone {
  std::string name;  ///< "thermal_zone0"
  std::string type;  ///< "x86_pkg_temp"
  std::optional<std::int64_t> now_millidegrees;
  std::optional<std::int64_t> hot_millidegrees;       ///< the lowest trip point of this type
  std::optional<std::int64_t> critical_millidegrees;  ///< where the kernel shuts the host down
};

/// When a zone is ill: from so far below its critical trip point on; always from its hot one on.
struct ThermalRule {
  std::int64_t degrees_below_critical = 5;
};

/// Sensors and tables of firmware tell nonsense, too: what is outside of this is not believed.
inline constexpr std::int64_t least_millidegrees = -100'000;
inline constexpr std::int64_t most_millidegrees = 250'000;

[[nodiscard]] std::vector<Finding> judge_temperatures(const std::vector<ThermalZone>& zones,
                                                      ThermalRule rule);

/// Reads all thermal zones below `sysfs` ("/sys").
[[nodiscard]] std::vector<ThermalZone> read_thermal_zones(const std::string& sysfs);

}  // namespace upbeat
