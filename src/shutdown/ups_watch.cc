// SPDX-License-Identifier: Apache-2.0
// When a UPS on battery means that its host has to go.
#include "shutdown/ups_watch.h"

#include <algorithm>

namespace upbeat {

std::optional<UpsChange> UpsWatch::judge(const UpsReading& reading, MonotonicTime now) {
  if (!reading.on_battery) {
    on_battery_since_.reset();
    if (!std::exchange(announced_, false)) return std::nullopt;
    return UpsChange{};
  }
  if (!on_battery_since_) on_battery_since_ = now;
  const bool due = reading.battery_low || now - *on_battery_since_ >= rule_.patience ||
                   (reading.runtime && *reading.runtime <= rule_.reserve + least_ups_budget);
  if (!due && !announced_) return std::nullopt;
  const auto told = notice(reading);
  const bool sooner = told.budget && (!ends_ || now + *told.budget + worth_telling <= *ends_);
  if (announced_ && !sooner) return std::nullopt;
  announced_ = true;
  ends_.reset();
  if (told.budget) ends_ = now + *told.budget;
  return UpsChange{told};
}

ShutdownNotice UpsWatch::notice(const UpsReading& reading) const {
  ShutdownNotice made{
      .why = "UPS " + rule_.name + " is on battery", .budget = {}, .going = Going::on_battery};
  if (reading.battery_low) made.why += ", which is low";
  if (reading.runtime) {
    made.why += ", " + std::to_string(reading.runtime->count()) + " s left";
    made.budget = std::max(*reading.runtime - rule_.reserve, least_ups_budget);
  } else if (reading.battery_low) {
    made.budget = least_ups_budget;
  }
  return made;
}

}  // namespace upbeat
