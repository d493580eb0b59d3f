// SPDX-License-Identifier: Apache-2.0
// `upbeat lab …`: a whole cluster on one machine.
#pragma once

#include <cstdint>

namespace CLI {
class App;
}

namespace upbeat {

namespace lab {
enum class Echo : std::uint8_t;
}

/// Adds the command group and returns it, for others to add to. A command that runs throws
/// CLI::RuntimeError with its exit status if that is not 0, after it has said why.
CLI::App& add_lab(CLI::App& app);

/// Adds `--echo driver|stack`; `echo` outlives the command.
void add_echo_option(CLI::App& command, lab::Echo& echo);

}  // namespace upbeat
