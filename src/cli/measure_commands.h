// SPDX-License-Identifier: Apache-2.0
// `upbeat measure probe`: how guests fare, seen from outside.
#pragma once

namespace CLI {
class App;
}

namespace upbeat::cli {

/// Adds `measure` and what is under it to the command line.
void add_measure(CLI::App& app);

}  // namespace upbeat::cli
