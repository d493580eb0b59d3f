// SPDX-License-Identifier: Apache-2.0
// What runs on the gateway: the guests' disks, the power strips, and who breaks a tie.
#pragma once

#include "lab/files.h"
#include "lab/names.h"
#include "lab/power_strip.h"
#include "lab/shape.h"

namespace upbeat::lab {

/// Makes the guests' disks and serves each as a network block device, which survives migrations
/// because source and target may both be connected. Done when all can be reached.
[[nodiscard]] Done start_disks(const Names& names, const Shape& shape);

/// Starts the SNMP agents of the power strips. Done when they answer.
[[nodiscard]] Done start_power_strips(const Names& names, const Shape& shape);

/// Starts corosync-qnetd, if the lab has an arbiter. Done when it can be reached.
[[nodiscard]] Done start_arbiter(const Names& names, const Shape& shape);

/// The strip's outlets as they act on this lab's nodes: one that is off in order has them off; one
/// with two supplies loses its power with the second of them.
[[nodiscard]] StripWorld strip_world(const Names& names, const Shape& shape, int strip);

}  // namespace upbeat::lab
