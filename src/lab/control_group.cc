// SPDX-License-Identifier: Apache-2.0
// Control groups, as the folders that they are.
#include "lab/control_group.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <sstream>

namespace upbeat::lab {
namespace {

namespace fs = std::filesystem;

/// Removes a group and those below it, the deepest first: rmdir is all that a group allows.
void remove_group(const fs::path& group) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(group, error)) {
    if (entry.is_directory(error) && !entry.is_symlink(error)) remove_group(entry.path());
  }
  ::rmdir(group.c_str());
}

std::vector<fs::path> hierarchies() {
  return systemd_hierarchies(read_file("/proc/self/mounts").value_or(""));
}

}  // namespace

std::vector<fs::path> systemd_hierarchies(const std::string& proc_mounts) {
  std::vector<fs::path> found;
  std::istringstream lines(proc_mounts);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string source;
    std::string target;
    std::string type;
    std::string options;
    words >> source >> target >> type >> options;
    const bool named = type == "cgroup" && ("," + options + ",").contains(",name=systemd,");
    // A container that starts has one of its own in /tmp for a moment.
    if ((type == "cgroup2" || named) && target.starts_with("/sys/fs/cgroup")) {
      found.emplace_back(target);
    }
  }
  return found;
}

Done enter_control_group(const Names& names, const std::string& node) {
  for (const auto& hierarchy : hierarchies()) {
    const fs::path group = hierarchy / names.netns(node);
    std::error_code error;
    fs::create_directory(group, error);
    for (const char* below : {"payload", "supervisor"}) remove_group(group / below);
    const Fd members(::open((group / "cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
    if (!members.open() || ::write(members.get(), "0", 1) != 1) {
      return fail("cannot move into the control group " + group.string() + ": " +
                  std::strerror(errno));
    }
  }
  return {};
}

void remove_control_groups(const Names& names) {
  for (const auto& hierarchy : hierarchies()) {
    std::error_code error;
    std::vector<fs::path> groups;
    for (const auto& entry : fs::directory_iterator(hierarchy, error)) {
      if (entry.path().filename().string().starts_with(names.namespace_prefix())) {
        groups.push_back(entry.path());
      }
    }
    for (const auto& group : groups) remove_group(group);
  }
}

}  // namespace upbeat::lab
