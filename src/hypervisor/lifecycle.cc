// SPDX-License-Identifier: Apache-2.0
// What libvirt's lifecycle events mean to us; pure.
#include "hypervisor/lifecycle.h"

#include <libvirt/libvirt.h>

namespace upbeat {
namespace {

/// virDomainEventStoppedDetailType.
GoneCause cause_of(int detail, bool was_incoming) {
  switch (detail) {
    case VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN:
      return GoneCause::shut_down;
    case VIR_DOMAIN_EVENT_STOPPED_MIGRATED:
      return GoneCause::migrated;
    case VIR_DOMAIN_EVENT_STOPPED_CRASHED:
      return GoneCause::crashed;
    case VIR_DOMAIN_EVENT_STOPPED_FAILED:
      return was_incoming ? GoneCause::failed : GoneCause::crashed;
    case VIR_DOMAIN_EVENT_STOPPED_DESTROYED:
    default:  // saved to a file, or turned back to a snapshot, behind our back
      return was_incoming ? GoneCause::failed : GoneCause::destroyed;
  }
}

}  // namespace

std::optional<GuestChange> LifecycleReader::read(const VmId& vm, int event, int detail) {
  switch (event) {
    case VIR_DOMAIN_EVENT_STARTED:
      if (detail == VIR_DOMAIN_EVENT_STARTED_MIGRATED) {
        incoming_.insert(vm);
        return std::nullopt;
      }
      incoming_.erase(vm);
      return GuestChange{vm, std::nullopt};
    case VIR_DOMAIN_EVENT_RESUMED:
      // A guest that was paused comes out of its migration paused, and somebody unpauses it later.
      if (detail != VIR_DOMAIN_EVENT_RESUMED_MIGRATED && !incoming_.contains(vm)) return {};
      incoming_.erase(vm);
      return GuestChange{vm, std::nullopt};
    case VIR_DOMAIN_EVENT_STOPPED: {
      const bool was_incoming = incoming_.erase(vm) > 0;
      return GuestChange{vm, cause_of(detail, was_incoming)};
    }
    default:
      return std::nullopt;
  }
}

}  // namespace upbeat
