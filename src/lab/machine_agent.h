// SPDX-License-Identifier: Apache-2.0
// Commands in a machine from outside, without its network: QEMU's guest agent runs them.
#pragma once

#include <filesystem>
#include <string>

#include "base/process.h"
#include "lab/files.h"

namespace upbeat::lab {

/// Runs a program in the machine whose guest agent listens on `socket`, to its end. `argv[0]` is
/// looked up in the agent's PATH. When the time is over, the caller goes on and the program, too.
[[nodiscard]] Result<Finished> run_by_agent(const std::filesystem::path& socket,
                                            const Command& command);

/// RFC 4648, section 4; what is no base64 ends the text.
[[nodiscard]] std::string to_base64(const std::string& bytes);
[[nodiscard]] std::string from_base64(const std::string& text);

}  // namespace upbeat::lab
