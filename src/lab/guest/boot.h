// SPDX-License-Identifier: Apache-2.0
// What the first process of a guest does before it serves: mounts, modules, network, helpers.
#pragma once

#include <string>

namespace upbeat::guest {

/// Mounts /proc, /sys and /dev, loads the modules that /lib/modules.order names (in that order) and
/// gives eth0 the address that the kernel's command line names (`upbeat.ip=A.B.C.D`, mask /24).
/// With `upbeat.echo=driver` eth0's driver answers probes. The guest goes on as far as it can: what
/// fails is written to the console.
void bring_up();

/// The value of `key=` on the kernel's command line, or "" if it is not there.
[[nodiscard]] std::string kernel_argument(const std::string& key);

/// Starts BusyBox's web server on port 80 and a shell on the console.
void start_helpers();

/// Ends the machine at once: used when it was only started to see whether it can start.
[[noreturn]] void power_cycle();

}  // namespace upbeat::guest
