// SPDX-License-Identifier: Apache-2.0
// File systems without which a host cannot do: full, or read-only.
#include "health/file_systems.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "base/printable.h"

namespace upbeat {
namespace {

constexpr std::uint64_t kib_per_mib = 1024;
constexpr std::uint64_t least_free_share = 20;  ///< a twentieth of the size

struct Mount {
  std::string point;
  std::string options;
  std::string super_options;
};

/// One line of mountinfo: "36 35 98:0 /root /point options [tags…] - type source super-options".
std::optional<Mount> read_mount(const std::string& line) {
  std::istringstream words(line);
  std::string skipped;
  Mount mount;
  words >> skipped >> skipped >> skipped >> skipped >> mount.point >> mount.options;
  while (words >> skipped && skipped != "-") continue;
  words >> skipped >> skipped >> mount.super_options;
  if (words.fail()) return std::nullopt;
  return mount;
}

bool has_option(const std::string& options, const std::string& option) {
  return ("," + options + ",").contains("," + option + ",");
}

bool is_below(const std::string& path, const std::string& point) {
  return point == "/" || path == point || path.starts_with(point + "/");
}

std::string text_of(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string real_path(const std::string& path) {
  std::error_code error;
  const auto real = std::filesystem::canonical(path, error);
  return error ? path : real.string();
}

}  // namespace

bool is_broken(const std::string& mountinfo, const std::string& path) {
  std::optional<Mount> best;
  std::istringstream lines(mountinfo);
  for (std::string line; std::getline(lines, line);) {
    auto mount = read_mount(line);
    if (!mount || !is_below(path, mount->point)) continue;
    // The last one of those that are mounted over each other is the one that is seen.
    if (!best || mount->point.size() >= best->point.size()) best = std::move(mount);
  }
  if (!best) return false;
  return (has_option(best->options, "rw") && has_option(best->super_options, "ro")) ||
         has_option(best->super_options, "emergency_ro") ||
         has_option(best->super_options, "shutdown");
}

std::string FileSystemWatch::what_ails(const FileSystem& one) {
  if (one.broken) return "was made read-only by the kernel, after an error";
  if (!one.read_only) {
    were_writable_.insert(one.path);
  } else if (rule_.named) {
    return "is read-only";
  } else if (were_writable_.contains(one.path)) {
    return "has become read-only";
  } else {
    return {};
  }
  const auto least_kib =
      std::min(rule_.least_free_mib * kib_per_mib, one.size_kib / least_free_share);
  if (one.free_kib < least_kib) {
    return "is full: " + std::to_string(one.free_kib / kib_per_mib) + " of " +
           std::to_string(one.size_kib / kib_per_mib) + " MiB are free";
  }
  if (rule_.least_free_mib != 0 && one.free_inodes * 100 < one.inodes * least_free_inodes_percent) {
    return "is full: " + std::to_string(one.free_inodes) + " of " + std::to_string(one.inodes) +
           " inodes are free";
  }
  return {};
}

std::vector<Finding> FileSystemWatch::judge(const std::vector<FileSystem>& file_systems) {
  std::vector<Finding> findings;
  for (const auto& one : file_systems) {
    const auto ails = what_ails(one);
    Finding finding{.part = one.path, .health = Health::well, .why = {}};
    if (!ails.empty()) {
      finding.health = Health::ill;
      finding.why = "the file system " + printable(one.path, quote_limit_bytes) + " " + ails;
    }
    findings.push_back(std::move(finding));
  }
  return findings;
}

Seen FileSystemLook::look() {
  Seen seen;
  std::vector<FileSystem> found;
  std::set<dev_t> known;
  const auto mountinfo = text_of("/proc/self/mountinfo");
  for (const auto& path : paths_) {
    struct stat status{};
    struct statvfs facts{};
    if (::stat(path.c_str(), &status) != 0 || ::statvfs(path.c_str(), &facts) != 0) {
      const int error = errno;
      const auto shown = printable(path, quote_limit_bytes);
      if (error == EIO) {
        seen.findings.push_back(
            {path, Health::ill, "the file system " + shown + " cannot be read"});
      } else if (named_) {
        seen.trouble = "cannot look at the file system " + shown + ": " + std::strerror(error) +
                       "; correct [health] file_systems";
        seen.findings.push_back({path, Health::unknown, {}});
      }
      continue;
    }
    if (!known.insert(status.st_dev).second) continue;
    const std::uint64_t block = facts.f_frsize;
    found.push_back({.path = path,
                     .size_kib = facts.f_blocks * block / 1024,
                     .free_kib = facts.f_bfree * block / 1024,
                     .inodes = facts.f_files,
                     .free_inodes = facts.f_ffree,
                     .read_only = (facts.f_flag & ST_RDONLY) != 0,
                     .broken = is_broken(mountinfo, real_path(path))});
  }
  for (auto& finding : watch_.judge(found)) seen.findings.push_back(std::move(finding));
  return seen;
}

}  // namespace upbeat
