// SPDX-License-Identifier: Apache-2.0
// What the demo found: as a table, as JSON, and against what Upbeat promises. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace upbeat::lab {

/// A guest of the node that was told to go. What could not be measured is nothing.
struct MovedVm {
  std::string vm;
  std::string from;
  std::string to;      ///< empty: it runs nowhere
  std::string method;  ///< "live", "boot" or "none": how its QEMU came about
  std::optional<double> blackout_ms;
  std::optional<double> hypervisor_downtime_ms;
  bool same_boot = false;
  bool memory_intact = false;
  bool connection_kept = false;  ///< its long-lived TCP connection
  double longest_stall_ms = 0;   ///< of that connection
};

struct Graceful {
  std::string node;
  std::optional<double> strike_to_repaired_s;
  /// The longest silence of any guest that was on another node, from strike to repaired: what the
  /// machine itself does to guests.
  std::optional<double> others_blackout_ms;
  bool came_back = false;  ///< the node, as a member
  std::vector<MovedVm> vms;
};

/// A guest of the node whose power was cut.
struct RestartedVm {
  std::string vm;
  std::string from;
  std::string to;
  std::string method;
  std::optional<double> outage_s;
};

struct PowerCut {
  std::string node;
  std::optional<double> strike_to_lost_s;
  std::optional<double> strike_to_fenced_s;
  std::optional<double> strike_to_repaired_s;
  /// The longest silence of any guest that was on another node, from strike to repaired: what the
  /// machine itself does to guests.
  std::optional<double> others_blackout_ms;
  bool came_back = false;  ///< the node, as a member
  std::vector<RestartedVm> vms;
};

struct DemoReport {
  Graceful graceful;
  PowerCut power_cut;
  int started_twice = 0;
  /// Sentences about what must never happen: a VM that is down, rebooted or damaged without need,
  /// a broken connection, an answer that came twice.
  std::vector<std::string> wrongs;
};

/// What the demo promises to reach on two cores with TCG guests that boot in 5 s.
inline constexpr double blackout_median_limit_ms = 100;
inline constexpr double graceful_repaired_limit_s = 5;
inline constexpr double lost_limit_s = 3;
inline constexpr double fenced_limit_s = 6;
inline constexpr double cut_repaired_limit_s = 20;

/// A promise and what came of it.
struct Promise {
  std::string what;  ///< "blackout, median: 41.0 ms, limit 100 ms"
  bool met = false;
};
[[nodiscard]] std::vector<Promise> promises(const DemoReport& report);

/// Everything that is wrong in kind, not merely late: `wrongs`, and what the tables show (a guest
/// of the graceful node that did not move live, with another boot or damaged memory, a guest that
/// is not back, a second start). Empty: the demo passed.
[[nodiscard]] std::vector<std::string> wrong_in_kind(const DemoReport& report);

/// For people: both tables, the seconds, the promises, and what is wrong.
[[nodiscard]] std::string to_text(const DemoReport& report);

/// One JSON object: {graceful, power_cut, started_twice}. What could not be measured is null.
[[nodiscard]] std::string to_json(const DemoReport& report);

}  // namespace upbeat::lab
