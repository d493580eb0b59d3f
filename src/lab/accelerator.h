// SPDX-License-Identifier: Apache-2.0
// Finds out whether KVM runs guests here.
#pragma once

#include <filesystem>

#include "lab/shape.h"

namespace upbeat::lab {

/// Boots the guests' kernel from `share` under KVM and looks whether it comes up. That /dev/kvm
/// exists and answers is no proof: under some hypervisors an ordinary kernel hangs on it. Takes at
/// most a few seconds; anything but success means TCG.
[[nodiscard]] Accelerator probe_accelerator(const std::filesystem::path& share);

}  // namespace upbeat::lab
