// SPDX-License-Identifier: Apache-2.0
// When a UPS on battery means that its host has to go. Pure: time is what the caller says.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "ports/clock.h"
#include "ports/shutdown_source.h"
#include "shutdown/nut_answer.h"

namespace upbeat {

/// What the host's owner has set.
struct UpsRule {
  std::string name;                   ///< for people: "rack1@localhost"
  std::chrono::seconds patience{15};  ///< a shorter loss of mains power is none
  std::chrono::seconds reserve{120};  ///< of the battery's time, for the host's own shutdown
};

/// Whatever a battery says, guests are given this time to leave.
inline constexpr std::chrono::seconds least_ups_budget{20};

/// A battery that empties sooner than was told, by this much, is told anew.
inline constexpr std::chrono::seconds worth_telling{30};

/// What changes for the host: it has to go (again, if there is less time than was said), or not.
struct UpsChange {
  std::optional<ShutdownNotice> notice;  ///< none: mains power is back
};

/// Judges one reading after another.
class UpsWatch {
 public:
  explicit UpsWatch(UpsRule rule) : rule_(std::move(rule)) {}

  [[nodiscard]] std::optional<UpsChange> judge(const UpsReading& reading, MonotonicTime now);

 private:
  [[nodiscard]] ShutdownNotice notice(const UpsReading& reading) const;

  UpsRule rule_;
  std::optional<MonotonicTime> on_battery_since_;
  bool announced_ = false;
  std::optional<MonotonicTime> ends_;  ///< as announced; none: it waits as long as need be
};

}  // namespace upbeat
