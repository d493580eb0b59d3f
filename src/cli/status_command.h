// SPDX-License-Identifier: Apache-2.0
// `upbeat status`: the cluster at a glance.
#pragma once

namespace CLI {
class App;
}

namespace upbeat::cli {

void add_status(CLI::App& app);

}  // namespace upbeat::cli
