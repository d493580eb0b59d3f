// SPDX-License-Identifier: Apache-2.0
// Starts programs that outlive the command that started them, and writes down which they are.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/process_record.h"

namespace upbeat::lab {

/// When the program ends by itself.
enum class Life : std::uint8_t {
  own,           ///< never: it survives its starter
  with_starter,  ///< with the thread that started it (PR_SET_PDEATHSIG, prctl(2))
};

struct Detached {
  std::vector<std::string> argv;
  std::filesystem::path record;  ///< written by the new process itself, before it is the program
  std::filesystem::path log;     ///< standard output and error are appended to it
  std::filesystem::path netns = {};  ///< the network namespace to run in; empty: the caller's
  std::vector<std::string> environment = {};  ///< `KEY=value`, added to the caller's
  std::filesystem::path terminal = {};        ///< becomes all three streams and the controlling one
  Life life = Life::own;
};

/// Starts the program in a session of its own, with no descriptor of ours. When this returns
/// without an error the record is written and the program runs. With Life::own it is nobody's
/// child; with Life::with_starter it is the caller's, who waits for it. Safe beside other threads.
[[nodiscard]] Result<ProcessRecord> start_detached(const Detached& what);

}  // namespace upbeat::lab
