// SPDX-License-Identifier: Apache-2.0
// The host's temperatures, and those at which the kernel will shut it down.
#include "health/temperature.h"

#include <algorithm>

#include "base/printable.h"
#include "health/small_file.h"

namespace upbeat {
namespace {

constexpr std::int64_t millidegrees = 1000;
/// Trip points of one zone; the kernel itself allows no more than 32 or so.
constexpr int trip_point_limit = 64;

std::string degrees(std::int64_t value) { return std::to_string(value / millidegrees) + " °C"; }

bool is_believed(const std::optional<std::int64_t>& value) {
  return value && *value >= least_millidegrees && *value <= most_millidegrees;
}

/// A trip point at or below 0 °C is one that nobody has set.
void keep_lowest(std::optional<std::int64_t>& point, std::int64_t value) {
  if (value <= 0 || value > most_millidegrees) return;
  point = std::min(point.value_or(value), value);
}

Finding judge(const ThermalZone& zone, ThermalRule rule) {
  Finding finding{.part = zone.name, .health = Health::unknown, .why = {}};
  if (!is_believed(zone.now_millidegrees)) return finding;
  const auto now = *zone.now_millidegrees;
  finding.health = Health::well;
  const auto where = zone.name + " (" + zone.type + ") is at " + degrees(now);
  if (const auto limit = zone.critical_millidegrees;
      limit && now >= *limit - rule.degrees_below_critical * millidegrees) {
    finding.health = Health::ill;
    finding.why = where + ", and the kernel shuts the host down at " + degrees(*limit);
  } else if (zone.hot_millidegrees && now >= *zone.hot_millidegrees) {
    finding.health = Health::ill;
    finding.why =
        where + ", which is too hot for it from " + degrees(*zone.hot_millidegrees) + " on";
  }
  return finding;
}

}  // namespace

std::vector<Finding> judge_temperatures(const std::vector<ThermalZone>& zones, ThermalRule rule) {
  std::vector<Finding> findings;
  for (const auto& zone : zones) {
    if (zone.critical_millidegrees || zone.hot_millidegrees) findings.push_back(judge(zone, rule));
  }
  return findings;
}

std::vector<ThermalZone> read_thermal_zones(const std::string& sysfs) {
  std::vector<ThermalZone> zones;
  for (const auto& folder : folders_in(sysfs + "/class/thermal", "thermal_zone")) {
    ThermalZone zone{.name = folder.name,
                     .type = printable(read_line(folder.path + "/type").value_or("?"), 64),
                     .now_millidegrees = read_number(folder.path + "/temp"),
                     .hot_millidegrees = {},
                     .critical_millidegrees = {}};
    for (int point = 0; point < trip_point_limit; ++point) {
      const auto trip = folder.path + "/trip_point_" + std::to_string(point);
      const auto type = read_line(trip + "_type");
      const auto at = read_number(trip + "_temp");
      if (!type || !at) continue;  // their numbers may have gaps
      if (*type == "critical") keep_lowest(zone.critical_millidegrees, *at);
      if (*type == "hot") keep_lowest(zone.hot_millidegrees, *at);
    }
    zones.push_back(std::move(zone));
  }
  return zones;
}

}  // namespace upbeat
