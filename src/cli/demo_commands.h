// SPDX-License-Identifier: Apache-2.0
// `upbeat lab demo`: the main job, shown and measured.
#pragma once

namespace CLI {
class App;
}

namespace upbeat {

/// Adds `demo` to the `lab` command `parent`. It sets `exit_status`, which has to live as long as
/// `parent`: 0 if everything was right in kind, 1 if not or if it could not be carried out.
void add_demo_command(CLI::App& parent, int& exit_status);

}  // namespace upbeat
