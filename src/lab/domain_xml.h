// SPDX-License-Identifier: Apache-2.0
// The libvirt definition of a lab's guest.
#pragma once

#include <string>

#include "lab/shape.h"

namespace upbeat::lab {

/// The domain XML of guest `index`: kernel and initial disk from /lab, network disk from the
/// gateway, console logged under /var/log/upbeat-consoles.
///
/// Under TCG its RAM is 8 KiB larger than `vm_memory_mib` says: QEMU 7.2 loses dirty pages of a
/// live migration when the RAM is a multiple of 256 KiB (the fast path of its dirty-bitmap
/// sync clears bits without resetting the emulator's translations). libvirt rounds memory to MiB,
/// so the size is passed through to QEMU.
[[nodiscard]] std::string domain_xml(const Shape& shape, int index);

/// The kernel's command line of guest `index`: quiet, and without the self-tests, delays and probes
/// for hardware that cost an emulated processor a second of its boot.
[[nodiscard]] std::string kernel_command_line(const Shape& shape, int index);

}  // namespace upbeat::lab
