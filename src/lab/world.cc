// SPDX-License-Identifier: Apache-2.0
// QEMU processes by the network namespace that they are in.
#include "lab/world.h"

#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "lab/files.h"

namespace upbeat::lab {
namespace {

using NamespaceId = std::pair<dev_t, ino_t>;

std::map<NamespaceId, std::string> nodes_by_namespace(const Names& names, int nodes) {
  std::map<NamespaceId, std::string> found;
  for (int node = 0; node < nodes; ++node) {
    struct stat stat{};
    if (::stat(names.netns_path(node_name(node)).c_str(), &stat) == 0) {
      found[{stat.st_dev, stat.st_ino}] = node_name(node);
    }
  }
  return found;
}

}  // namespace

QemuArguments parse_qemu_arguments(const std::string& cmdline) {
  QemuArguments found;
  std::string before;
  for (std::size_t at = 0; at < cmdline.size();) {
    const std::size_t end = std::min(cmdline.find('\0', at), cmdline.size());
    std::string word = cmdline.substr(at, end - at);
    at = end + 1;
    if (before == "-name" && word.starts_with("guest=")) {
      found.vm = word.substr(6, word.find(',') - 6);
    }
    if (word == "-incoming") found.origin = Origin::migrated_in;
    before = std::move(word);
  }
  return found;
}

std::vector<QemuProcess> qemu_processes(const Names& names, int nodes) {
  const auto by_namespace = nodes_by_namespace(names, nodes);
  std::vector<QemuProcess> found;
  for (const pid_t pid : all_processes()) {
    const std::string proc = "/proc/" + std::to_string(pid);
    const auto stat = stat_of(pid);
    if (!stat || !stat->command.starts_with("qemu-system") || stat->state == 'Z') continue;
    struct stat its{};
    if (::stat((proc + "/ns/net").c_str(), &its) != 0) continue;
    const auto node = by_namespace.find({its.st_dev, its.st_ino});
    if (node == by_namespace.end()) continue;
    const auto cmdline = read_file(proc + "/cmdline");
    if (!cmdline) continue;
    auto arguments = parse_qemu_arguments(*cmdline);
    if (arguments.vm.empty()) continue;
    found.push_back({std::move(arguments.vm), node->second, arguments.origin, stat->record});
  }
  std::ranges::sort(found, {}, [](const QemuProcess& process) {
    return std::tuple(process.vm, process.node, process.process.pid);
  });
  return found;
}

}  // namespace upbeat::lab
