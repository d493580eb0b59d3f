// SPDX-License-Identifier: Apache-2.0
// What runs on the gateway: the guests' disks and the power strip.
#pragma once

#include "lab/files.h"
#include "lab/names.h"
#include "lab/power_strip.h"
#include "lab/shape.h"

namespace upbeat::lab {

/// Makes the guests' disks and serves each as a network block device, which survives migrations
/// because source and target may both be connected. Done when all can be reached.
[[nodiscard]] Done start_disks(const Names& names, const Shape& shape);

/// Starts the SNMP agent of the power strip. Done when it answers.
[[nodiscard]] Done start_power_strip(const Names& names);

/// The strip's outlets as they act on this lab's nodes.
[[nodiscard]] StripWorld strip_world(const Names& names, const Shape& shape);

}  // namespace upbeat::lab
