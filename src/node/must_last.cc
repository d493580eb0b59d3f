// SPDX-License-Identifier: Apache-2.0
// Which events wait for the disk: all of which nobody has thought that they need not.
#include "node/must_last.h"

#include <algorithm>

namespace upbeat {
namespace {

/// Whether the report tells of a guest where nobody expected one.
bool adds_a_place(const State& before, const InventoryReported& report) {
  return std::ranges::any_of(report.guests, [&](const GuestSeen& guest) {
    const auto vm = before.vms.find(guest.vm);
    return vm != before.vms.end() && !vm->second.may_run_on.contains(report.node);
  });
}

}  // namespace

bool must_last(const State& before, const Event& event, const State& after) {
  if (!after.refused.empty()) return false;
  if (const auto* report = std::get_if<InventoryReported>(&event)) {
    return !after.log.empty() && adds_a_place(before, *report);
  }
  return !std::holds_alternative<Tick>(event) && !std::holds_alternative<NodeLeaving>(event) &&
         !std::holds_alternative<FenceReported>(event) &&
         !std::holds_alternative<VmStartFailed>(event) &&
         !std::holds_alternative<MigrationEnded>(event) &&
         !std::holds_alternative<MigrationProgressed>(event);
}

}  // namespace upbeat
