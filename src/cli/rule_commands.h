// SPDX-License-Identifier: Apache-2.0
// `upbeat rule …`: rules for placement.
#pragma once

namespace CLI {
class App;
}

namespace upbeat::cli {

void add_rules(CLI::App& app);

}  // namespace upbeat::cli
