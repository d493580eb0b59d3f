// SPDX-License-Identifier: Apache-2.0
// The daemon's loop goes before ordinary work: a host whose daemon comes too late is taken for
// dead.
#pragma once

#include "base/result.h"

namespace upbeat {

/// From now on the calling thread goes before all ordinary work on a busy host, and behind Corosync
/// (SCHED_RR at its lowest priority, sched(7)). Threads and processes that it starts are ordinary
/// ones. An error says why it could not be (a container may forbid it); then nothing has changed.
[[nodiscard]] Result<void> go_before_ordinary_work();

}  // namespace upbeat
