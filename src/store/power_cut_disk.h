// SPDX-License-Identifier: Apache-2.0
// A test's disk under SQLite that forgets, at a power cut, whatever was not synced.
#pragma once

#include <string>

namespace upbeat {

/// From now on SQLite's default file system is the machine's own, with a copy kept of each file as
/// of its last sync. Call it once, before any database is opened.
void use_power_cut_disk();

/// Puts the files of `directory` back to their last sync, as the worst of power cuts would. Close
/// all databases there first.
void cut_power(const std::string& directory);

}  // namespace upbeat
