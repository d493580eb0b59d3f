// SPDX-License-Identifier: Apache-2.0
// What a host's owner may set of what is looked at.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace upbeat {

/// A program of the owner's that says whether the host is well, from [health.NAME].
struct HealthProgram {
  std::string name;                  ///< "raid"
  std::vector<std::string> command;  ///< with its path; nothing passes through a shell
  std::chrono::seconds interval{60};
  std::chrono::seconds timeout{30};

  bool operator==(const HealthProgram&) const = default;
};

/// Programs, and disks and file systems that are named.
inline constexpr std::size_t health_program_limit = 32;
inline constexpr std::size_t health_list_limit = 64;

/// The table [health].
struct HealthSettings {
  std::chrono::seconds ill_for{20};
  std::chrono::seconds well_for{300};
  std::set<std::string> ignore;  ///< of `health_check_names`
  std::uint64_t memory_errors_a_day = 0;
  std::uint32_t degrees_below_critical = 5;
  std::vector<std::string> disks;         ///< empty: all that smartctl finds
  std::vector<std::string> file_systems;  ///< empty: those that every host needs
  std::uint64_t least_free_mib = 64;
  std::chrono::seconds hypervisor{120};
  std::string sysfs = "/sys";
  std::vector<HealthProgram> programs;

  bool operator==(const HealthSettings&) const = default;
};

/// What `ignore` may name: the checks that need no program of the owner's.
inline const std::set<std::string>& health_check_names() {
  static const std::set<std::string> names{"disks", "file_systems", "hypervisor", "memory",
                                           "temperature"};
  return names;
}

}  // namespace upbeat
