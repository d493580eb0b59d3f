// SPDX-License-Identifier: Apache-2.0
// `upbeat lab demo`: the main job, shown and measured.
#pragma once

namespace CLI {
class App;
}

namespace upbeat::cli {

/// Adds `demo` to the group `lab` of `app`, which has to have it already. The program ends with 0
/// if everything was right in kind, with 1 if not or if the demo could not be carried out.
void add_demo(CLI::App& app);

}  // namespace upbeat::cli
