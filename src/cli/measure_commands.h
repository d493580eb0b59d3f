// SPDX-License-Identifier: Apache-2.0
// `upbeat measure probe`: how guests fare, seen from outside.
#pragma once

namespace CLI {
class App;
}

namespace upbeat {

/// Adds `measure` and what is under it to the command line. The command that runs sets
/// `exit_status`, which has to live as long as `app`.
void add_measure_commands(CLI::App& app, int& exit_status);

}  // namespace upbeat
