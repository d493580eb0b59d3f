// SPDX-License-Identifier: Apache-2.0
// `upbeat lab demo`: the main job, shown and measured.
#pragma once

#include <CLI/App.hpp>

namespace upbeat {

/// Adds `demo` to the command group `lab`. The program ends with 0
/// if everything was right in kind, with 1 if not or if the demo could not be carried out.
void add_demo(CLI::App& group);

}  // namespace upbeat
