// SPDX-License-Identifier: Apache-2.0
// `upbeat simulate`: a whole cluster in virtual time, by a scenario or by chance.
#pragma once

namespace CLI {
class App;
}

namespace upbeat::cli {

/// Adds `simulate` to the command line.
void add_simulate(CLI::App& app);

}  // namespace upbeat::cli
