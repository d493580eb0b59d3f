// SPDX-License-Identifier: Apache-2.0
// Mounting and unmounting, with the care that removing root-owned trees wants.
#include "lab/overlay.h"

#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <ranges>
#include <sstream>

namespace upbeat::lab {

std::vector<std::filesystem::path> mounts_below(const std::string& proc_mounts,
                                                const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  std::istringstream lines(proc_mounts);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string source;
    std::string target;
    words >> source >> target;
    if (target == folder.string() || target.starts_with(folder.string() + "/")) {
      found.emplace_back(target);
    }
  }
  return found;
}

Done mount_overlay(const std::filesystem::path& folder,
                   const std::vector<std::filesystem::path>& layers) {
  for (const char* part : {"upper", "work", "root"}) {
    if (auto made = make_folder(folder / part); !made) return made;
  }
  std::string lower;
  for (const auto& layer : layers) lower += (lower.empty() ? "" : ":") + layer.string();
  const std::string options = "lowerdir=" + lower + ",upperdir=" + (folder / "upper").string() +
                              ",workdir=" + (folder / "work").string();
  if (::mount("upbeat-lab", (folder / "root").c_str(), "overlay", 0, options.c_str()) != 0) {
    return fail("cannot mount " + (folder / "root").string() + ": " + std::strerror(errno) +
                "; the lab needs overlay file systems and the right to mount them");
  }
  return {};
}

Done unmount_below(const std::filesystem::path& folder) {
  auto mounts = read_file("/proc/self/mounts");
  if (!mounts) return std::unexpected(mounts.error());
  for (const auto& target : mounts_below(*mounts, folder) | std::views::reverse) {
    if (::umount2(target.c_str(), UMOUNT_NOFOLLOW) != 0 &&
        ::umount2(target.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH) != 0) {
      return fail("cannot unmount " + target.string() + ": " + std::strerror(errno));
    }
  }
  return {};
}

Done remove_folder(const std::filesystem::path& folder) {
  auto mounts = read_file("/proc/self/mounts");
  if (!mounts) return std::unexpected(mounts.error());
  if (!mounts_below(*mounts, folder).empty()) {
    return fail("cannot remove " + folder.string() + ": something is still mounted in it");
  }
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  if (error) return fail("cannot remove " + folder.string() + ": " + error.message());
  return {};
}

}  // namespace upbeat::lab
