// SPDX-License-Identifier: Apache-2.0
// What really runs, seen from outside the nodes: the QEMU processes, by node.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "lab/names.h"
#include "lab/process_record.h"

namespace upbeat::lab {

/// How a QEMU process came to be. It keeps its origin for life, also after the guest arrived.
enum class Origin : std::uint8_t { booted, migrated_in };

struct QemuProcess {
  std::string vm;
  std::string node;
  Origin origin = Origin::booted;
  ProcessRecord process;

  bool operator==(const QemuProcess&) const = default;
};

/// The guest's name and origin from QEMU's argument list (as /proc/PID/cmdline has it: words that
/// end in NUL); an empty name if these are no arguments of a libvirt guest.
struct QemuArguments {
  std::string vm;
  Origin origin = Origin::booted;
};
[[nodiscard]] QemuArguments parse_qemu_arguments(const std::string& cmdline);

/// Every QEMU process that is in a node of the lab now, sorted by VM and node. Costs one pass over
/// /proc (1-3 ms), so that it may be asked ten times a second.
///
/// While a VM migrates there are two: the older one runs until the newer one, `migrated_in`, takes
/// over. Two that are both `booted`, or three, are a VM that was started twice.
[[nodiscard]] std::vector<QemuProcess> qemu_processes(const Names& names, int nodes);

}  // namespace upbeat::lab
