// SPDX-License-Identifier: Apache-2.0
// `upbeat drill`: what would fail on the day, told today.
#pragma once

namespace CLI {
class App;
}

namespace upbeat::cli {

/// Adds the command to `app`.
void add_drill(CLI::App& app);

}  // namespace upbeat::cli
