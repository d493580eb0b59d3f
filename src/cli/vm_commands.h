// SPDX-License-Identifier: Apache-2.0
// `upbeat vm …`: the guests.
#pragma once

namespace CLI {
class App;
}

namespace upbeat::cli {

void add_vms(CLI::App& app);

}  // namespace upbeat::cli
