// SPDX-License-Identifier: Apache-2.0
// dpkg in a chroot of the nodes' image.
#include "lab/package.h"

#include "base/process.h"
#include "lab/overlay.h"

namespace upbeat::lab {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto install_limit = 2min;

}  // namespace

Result<fs::path> find_package(const fs::path& given, const fs::path& program) {
  std::error_code error;
  if (!given.empty()) {
    if (fs::is_regular_file(given, error)) return fs::absolute(given);
    return fail("cannot install " + given.string() + " in the nodes: there is no such file");
  }
  fs::path newest;
  for (const auto& folder : {program.parent_path(), program.parent_path().parent_path()}) {
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      const std::string name = entry.path().filename();
      if (!name.starts_with("upbeat_") || !name.ends_with(".deb")) continue;
      if (newest.empty() || entry.last_write_time(error) > fs::last_write_time(newest, error)) {
        newest = entry.path();
      }
    }
  }
  if (!newest.empty()) return newest;
  return fail("cannot find Upbeat's package for the nodes beside " + program.string() +
              "; build it or name it with --deb FILE");
}

Result<fs::path> install_package(const Names& names, const fs::path& image, const fs::path& deb) {
  const auto layer = names.data() / "package";
  const auto root = layer / "root";
  if (auto done = mount_overlay(layer, {image}); !done) return std::unexpected(done.error());
  std::error_code error;
  fs::copy_file(deb, root / "upbeat.deb", error);
  if (error) return fail("cannot copy " + deb.string() + " into the nodes: " + error.message());
  const auto policy = root / "usr/sbin/policy-rc.d";  // 101: start nothing (invoke-rc.d(8))
  if (auto done = write_file(policy, "#!/bin/sh\nexit 101\n", 0755); !done) {
    return std::unexpected(done.error());
  }
  auto installed =
      run_checked({.argv = {"chroot", root.string(), "/usr/bin/env",
                            "DEBIAN_FRONTEND=noninteractive", "dpkg", "--install", "/upbeat.deb"},
                   .timeout = install_limit});
  if (!installed) {
    return fail("cannot install " + deb.string() + " in the nodes: " + installed.error().text);
  }
  fs::remove(policy, error);
  fs::remove(root / "upbeat.deb", error);
  if (auto done = unmount_below(layer); !done) return std::unexpected(done.error());
  return layer / "upper";
}

}  // namespace upbeat::lab
