// SPDX-License-Identifier: Apache-2.0
// `upbeat policy …`: what the cluster does where there is a choice.
#pragma once

namespace CLI {
class App;
}

namespace upbeat::cli {

void add_policy(CLI::App& app);

}  // namespace upbeat::cli
