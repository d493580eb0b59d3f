// SPDX-License-Identifier: Apache-2.0
// What the host's disks say of themselves (SMART), as smartctl(8) tells.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "health/finding.h"

namespace upbeat {

/// A disk as smartctl names it.
struct Disk {
  std::string device;  ///< "/dev/sda"
  std::string type;    ///< for smartctl's --device; empty: it finds out

  bool operator==(const Disk&) const = default;
};

inline constexpr std::size_t disk_limit = 256;

/// Reads `smartctl --scan --json`.
[[nodiscard]] Result<std::vector<Disk>> read_disks(const std::string& json);

/// Reads `smartctl --json --health --attributes` of one disk. Unknown: it said nothing of its
/// health (it sleeps, or has no SMART). An error: this is no answer of smartctl's.
[[nodiscard]] Result<Finding> read_disk_health(const std::string& device, const std::string& json);

/// Looks at disks by smartctl. Blocks: for a worker.
class DiskLook {
 public:
  /// Looks at `devices`; at all that smartctl finds if there are none. Then a host without smartctl
  /// has nothing to look at, and a disk that says nothing of its health is left alone; of disks
  /// that are named both is a trouble.
  explicit DiskLook(std::vector<std::string> devices, std::string smartctl = "smartctl")
      : devices_(std::move(devices)), smartctl_(std::move(smartctl)) {}

  /// `stop_fd` turns readable when nobody waits any more.
  [[nodiscard]] Seen look(int stop_fd) const;

 private:
  [[nodiscard]] Result<std::vector<Disk>> disks(int stop_fd) const;

  std::vector<std::string> devices_;
  std::string smartctl_;
};

}  // namespace upbeat
