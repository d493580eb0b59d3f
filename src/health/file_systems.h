// SPDX-License-Identifier: Apache-2.0
// File systems without which a host cannot do: full, or read-only.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "health/finding.h"

namespace upbeat {

/// A file system as statvfs(3) and /proc/self/mountinfo tell of it.
struct FileSystem {
  std::string path;  ///< some place in it
  std::uint64_t size_kib = 0;
  std::uint64_t free_kib = 0;
  std::uint64_t inodes = 0;  ///< 0: it makes them as need be
  std::uint64_t free_inodes = 0;
  bool read_only = false;
  bool broken = false;  ///< the kernel has made it read-only after an error
};

struct FileSystemRule {
  /// With less than this free, and less than a twentieth of its size, it is full.
  std::uint64_t least_free_mib = 64;
  /// The owner has named the file systems: then they have to be writable in any case. Else only one
  /// that was writable before, or that the kernel has made read-only, is ill: a root may be
  /// read-only by design.
  bool named = false;
};

/// Of its inodes so many percent have to be free.
inline constexpr std::uint64_t least_free_inodes_percent = 1;

/// Judges one reading after another.
class FileSystemWatch {
 public:
  explicit FileSystemWatch(FileSystemRule rule) : rule_(rule) {}

  [[nodiscard]] std::vector<Finding> judge(const std::vector<FileSystem>& file_systems);

 private:
  [[nodiscard]] std::string what_ails(const FileSystem& one);

  FileSystemRule rule_;
  std::set<std::string> were_writable_;
};

/// Whether the kernel has made the file system at `path` read-only by itself, as the text of
/// /proc/self/mountinfo tells: it was mounted to be written, and cannot be; see proc(5).
[[nodiscard]] bool is_broken(const std::string& mountinfo, const std::string& path);

/// Looks at the file systems of `paths`, each once, whichever of its paths comes first. One that is
/// not there is a trouble if `named`, one that answers with an I/O error is ill. Blocks while a
/// file system does.
class FileSystemLook {
 public:
  FileSystemLook(std::vector<std::string> paths, FileSystemRule rule)
      : paths_(std::move(paths)), named_(rule.named), watch_(rule) {}

  [[nodiscard]] Seen look();

 private:
  std::vector<std::string> paths_;
  bool named_;
  FileSystemWatch watch_;
};

}  // namespace upbeat
