// SPDX-License-Identifier: Apache-2.0
// `upbeat drain`, `undrain`, `maintenance` and `node …`: the hosts.
#pragma once

namespace CLI {
class App;
}

namespace upbeat::cli {

void add_nodes(CLI::App& app);

}  // namespace upbeat::cli
