// SPDX-License-Identifier: Apache-2.0
// Reads what the kernel tells in small files: one value a file
// (Documentation/filesystems/sysfs.rst).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace upbeat {

/// What of a file is read at most.
inline constexpr std::size_t small_file_limit_bytes = 4096;
/// Folders of one kind that are looked at.
inline constexpr std::size_t small_folder_limit = 1024;

/// The first line of the file; none if it cannot be read.
[[nodiscard]] std::optional<std::string> read_line(const std::string& path);

/// The whole number that is all of the file's first line.
[[nodiscard]] std::optional<std::int64_t> read_number(const std::string& path);

struct SmallFolder {
  std::string name;
  std::string path;
};

/// The folders, or links to such, in `path` whose names are `kind` and a number: "mc0", "mc1"; in
/// the order of their numbers. None if `path` is not there.
[[nodiscard]] std::vector<SmallFolder> folders_in(const std::string& path, const std::string& kind);

}  // namespace upbeat
