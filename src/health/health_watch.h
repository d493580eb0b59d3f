// SPDX-License-Identifier: Apache-2.0
// When what was found of a host means that its guests had better leave, and when no longer. Pure:
// time is what the caller says.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "health/finding.h"
#include "ports/clock.h"
#include "ports/shutdown_source.h"

namespace upbeat {

/// Illnesses that the announcement names; of more it says how many they are.
inline constexpr std::size_t named_illness_limit = 4;
/// What is longer is cut: it goes through the cluster, and on to people.
inline constexpr std::size_t illness_limit_bytes = 500;

/// What changes for the host: it had better be empty (for other reasons than before, perhaps), or
/// it is well again.
struct HealthChange {
  std::optional<ShutdownNotice> notice;  ///< none: it is well again
};

/// Judges one look after another. A part counts as ill when each look in a certain time has found
/// it ill, and as well when each look in a certain longer time has found it well: so a part that
/// cannot make up its mind moves no guest to and fro.
class HealthWatch {
 public:
  /// `checks` are those whose looks will be judged.
  HealthWatch(const std::vector<std::string>& checks, std::chrono::seconds well_for)
      : unheard_(checks.begin(), checks.end()), well_for_(well_for) {}

  /// `check` has looked. What it found before and does not name now is not there any more, and so
  /// is well; unless it could not see all.
  [[nodiscard]] std::optional<HealthChange> judge(const std::string& check, const Seen& seen,
                                                  std::chrono::seconds ill_for, MonotonicTime now);

  /// Whether a check has not looked yet, or has found something ill that does not count yet.
  [[nodiscard]] bool undecided() const;

 private:
  using PartKey = std::pair<std::string, std::string>;  ///< check and part
  struct Part {
    bool counts_as_ill = false;
    std::optional<MonotonicTime> changed;  ///< since when it is found otherwise than it counts
    std::string why;
  };

  void found(Part& part, Health health, std::chrono::seconds ill_for, MonotonicTime now) const;
  [[nodiscard]] std::string sentence() const;

  std::set<std::string> unheard_;
  std::chrono::seconds well_for_;
  std::map<PartKey, Part> parts_;
  std::set<PartKey> announced_;
};

}  // namespace upbeat
