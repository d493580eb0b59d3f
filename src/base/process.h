// SPDX-License-Identifier: Apache-2.0
// Runs a program to its end and brings back what it said. For tools and bounded workers: it blocks.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"

namespace upbeat {

/// What a program left behind. `exit_status` is 128 + the signal's number if a signal ended it.
struct Finished {
  int exit_status = 0;
  std::string out;
  std::string err;
};

/// How to run a program. Nothing passes through a shell.
struct Command {
  std::vector<std::string> argv;               ///< argv[0] is looked up in PATH
  std::string input;                           ///< fed to standard input, then end of file
  std::chrono::milliseconds timeout{60'000};   ///< then the program and its children get SIGKILL
  std::size_t output_limit_bytes = 4U << 20U;  ///< more output of a stream than this is dropped
  int stop_fd = -1;  ///< when it turns readable (an eventfd, say), the same end as by time-out
};

/// Runs `command` and waits for it. An error means that it could not be started or that its time
/// ran out or that it was stopped; a program that ran and failed is a Finished with its status.
/// Thread safe.
[[nodiscard]] Result<Finished> run(const Command& command);

/// The same for a program that has to succeed: returns its standard output, or an error that names
/// the program, its status and the last line that it wrote to standard error.
[[nodiscard]] Result<std::string> run_checked(const Command& command);

}  // namespace upbeat
