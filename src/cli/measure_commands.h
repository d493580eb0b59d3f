// SPDX-License-Identifier: Apache-2.0
// `upbeat measure probe`: how guests fare, seen from outside.
#pragma once

#include <CLI/App.hpp>

namespace upbeat {

/// Adds `measure` and what is under it to the command line.
void add_measure(CLI::App& app);

}  // namespace upbeat
