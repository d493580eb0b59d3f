// SPDX-License-Identifier: Apache-2.0
// What libvirt's lifecycle events mean to us; pure.
#pragma once

#include <optional>
#include <set>

#include "base/strong.h"
#include "ports/hypervisor.h"

namespace upbeat {

/// A change that a listener hears of: the guest runs here, or is gone for a cause.
struct GuestChange {
  VmId vm;
  std::optional<GoneCause> gone;  ///< none: it runs

  bool operator==(const GuestChange&) const = default;
};

/// Reads one libvirt after another. It remembers which guests are on their way in, because libvirt
/// uses the same words for a guest whose QEMU died and for one whose migration in was given up.
class LifecycleReader {
 public:
  /// A guest found in the inventory on its way in, whose first event was missed.
  void found_incoming(const VmId& vm) { incoming_.insert(vm); }
  /// `event` and `detail` as in virConnectDomainEventCallback; nothing if it changes nothing for
  /// us.
  [[nodiscard]] std::optional<GuestChange> read(const VmId& vm, int event, int detail);

 private:
  std::set<VmId> incoming_;
};

}  // namespace upbeat
