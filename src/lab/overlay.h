// SPDX-License-Identifier: Apache-2.0
// Overlay file systems: a folder with `upper`, `work` and, mounted over the layers below, `root`.
#pragma once

#include <filesystem>
#include <vector>

#include "lab/files.h"

namespace upbeat::lab {

/// Mounts `folder`/root with `layers` (uppermost first) below and `folder`/upper to write into.
[[nodiscard]] Done mount_overlay(const std::filesystem::path& folder,
                                 const std::vector<std::filesystem::path>& layers);

/// Unmounts everything that is mounted at or below `folder`, deepest first.
[[nodiscard]] Done unmount_below(const std::filesystem::path& folder);

/// Removes `folder` and all in it. Refuses while something is mounted there: the files seen through
/// a mount are somebody else's.
[[nodiscard]] Done remove_folder(const std::filesystem::path& folder);

/// Mount points at or below `folder`, from the text of /proc/self/mounts, in order of mounting.
[[nodiscard]] std::vector<std::filesystem::path> mounts_below(const std::string& proc_mounts,
                                                              const std::filesystem::path& folder);

}  // namespace upbeat::lab
