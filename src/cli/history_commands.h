// SPDX-License-Identifier: Apache-2.0
// `upbeat events` and `upbeat explain`: what happened, and why things are as they are.
#pragma once

namespace CLI {
class App;
}

namespace upbeat::cli {

void add_events(CLI::App& app);
void add_explain(CLI::App& app);

}  // namespace upbeat::cli
