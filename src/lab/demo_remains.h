// SPDX-License-Identifier: Apache-2.0
// What is left of a demo that went wrong, for people to read after the lab is gone.
#pragma once

#include <filesystem>
#include <string>

#include "lab/demo_stage.h"

namespace upbeat::lab {

/// Copies what the lab's services, consoles and nodes wrote, and the cluster's history as far as a
/// node tells it, to a new folder below `parent`, and returns that folder. What cannot be copied is
/// left out: something is wrong already. An error if there can be no folder.
[[nodiscard]] Result<std::filesystem::path> keep_remains(const Stage& stage,
                                                         const std::filesystem::path& parent);

/// The last `lines` of the cluster's history, one a line, for people; or why nobody tells it.
[[nodiscard]] std::string last_of_history(const Stage& stage, std::size_t lines);

}  // namespace upbeat::lab
