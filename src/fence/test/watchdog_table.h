// SPDX-License-Identifier: Apache-2.0
// For tests: the ACPI table by which firmware gives a host's hardware watchdog to its kernel.
#pragma once

#include <string>

namespace upbeat {

/// The table "WDAT", without its header, for the watchdog in the chipset ICH9 ("TCO") as QEMU's
/// machine q35 has it, with SeaBIOS. Linux drives it with the module wdat_wdt.
///
/// It counts in 0.6 s and resets the host when it has run down twice, so the table says 1.2 s.
/// Sources: Microsoft, Watchdog Action Table, revision 1.01; Intel, I/O Controller Hub 9, 13.9.
[[nodiscard]] std::string watchdog_table();

}  // namespace upbeat
