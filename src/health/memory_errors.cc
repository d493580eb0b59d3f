// SPDX-License-Identifier: Apache-2.0
// Errors of the host's memory, as the kernel's EDAC counts them.
#include "health/memory_errors.h"

#include <algorithm>
#include <numeric>

#include "health/small_file.h"

namespace upbeat {
namespace {

constexpr std::uint64_t seconds_a_day = 86'400;

/// What of a counter belongs to the last day if it counted evenly.
std::uint64_t share_of_a_day(const MemoryCounts& counts) {
  const auto seconds = counts.seconds_since_reset.value_or(0);
  if (seconds <= seconds_a_day) return counts.corrected;
  return counts.corrected / seconds * seconds_a_day +
         counts.corrected % seconds * seconds_a_day / seconds;
}

}  // namespace

std::uint64_t MemoryWatch::in_a_day(const MemoryCounts& counts, MonotonicTime now) {
  const std::int64_t hour = std::chrono::floor<std::chrono::hours>(now).count();
  const auto [found, first] = days_.try_emplace(counts.controller);
  auto& day = found->second;
  const auto slot = [&](std::int64_t of) -> std::uint64_t& {
    return day.hours.at(static_cast<std::size_t>(of % 24));
  };
  if (first) {
    slot(hour) = share_of_a_day(counts);
  } else {
    const auto passed = std::min<std::int64_t>(hour - day.hour, 24);
    for (std::int64_t past = 0; past < passed; ++past) slot(hour - past) = 0;
    slot(hour) += counts.corrected >= day.last ? counts.corrected - day.last : counts.corrected;
  }
  day.last = counts.corrected;
  day.hour = hour;
  return std::accumulate(day.hours.begin(), day.hours.end(), std::uint64_t{0});
}

std::vector<Finding> MemoryWatch::judge(const std::vector<MemoryCounts>& counts,
                                        MonotonicTime now) {
  std::vector<Finding> findings;
  for (const auto& one : counts) {
    Finding finding{.part = one.controller, .health = Health::well, .why = {}};
    const auto corrected = in_a_day(one, now);
    if (one.uncorrected > 0) {
      finding.health = Health::ill;
      finding.why = "memory controller " + one.controller + " has found " +
                    std::to_string(one.uncorrected) +
                    (one.uncorrected == 1 ? " error" : " errors") + " that it could not correct";
    } else if (rule_.corrected_a_day != 0 && corrected > rule_.corrected_a_day) {
      finding.health = Health::ill;
      finding.why = "memory controller " + one.controller + " has corrected " +
                    std::to_string(corrected) + " errors in 24 hours";
    }
    findings.push_back(std::move(finding));
  }
  return findings;
}

std::vector<MemoryCounts> read_memory_counts(const std::string& sysfs) {
  std::vector<MemoryCounts> list;
  for (const auto& folder : folders_in(sysfs + "/devices/system/edac/mc", "mc")) {
    const auto uncorrected = read_number(folder.path + "/ue_count");
    const auto corrected = read_number(folder.path + "/ce_count");
    if (!uncorrected || !corrected || *uncorrected < 0 || *corrected < 0) continue;
    MemoryCounts counts{.controller = folder.name,
                        .corrected = static_cast<std::uint64_t>(*corrected),
                        .uncorrected = static_cast<std::uint64_t>(*uncorrected),
                        .seconds_since_reset = {}};
    if (const auto since = read_number(folder.path + "/seconds_since_reset");
        since && *since >= 0) {
      counts.seconds_since_reset = static_cast<std::uint64_t>(*since);
    }
    list.push_back(std::move(counts));
  }
  return list;
}

}  // namespace upbeat
