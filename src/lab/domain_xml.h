// SPDX-License-Identifier: Apache-2.0
// The libvirt definition of a lab's guest.
#pragma once

#include <string>

#include "lab/shape.h"

namespace upbeat::lab {

/// The domain XML of guest `index`: kernel and initial disk from /lab, network disk from the
/// gateway, console logged under /var/log/upbeat-consoles.
[[nodiscard]] std::string domain_xml(const Shape& shape, int index);

/// The kernel's command line of guest `index`: quiet, and without the self-tests, delays and probes
/// for hardware that cost an emulated processor a second of its boot.
[[nodiscard]] std::string kernel_command_line(const Shape& shape, int index);

/// The part of a kernel's command line that says what an emulated machine may take for its clock.
[[nodiscard]] std::string clock_arguments(const Shape& shape);

}  // namespace upbeat::lab
