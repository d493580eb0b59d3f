// SPDX-License-Identifier: Apache-2.0
// The disk of a machine: an ext4 file system without a partition table, filled by mke2fs(8).
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/process.h"
#include "lab/guest_root.h"
#include "lab/machine.h"
#include "lab/node_config.h"

namespace upbeat::lab {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr off_t disk_bytes = 3L << 30U;  // sparse: what is not used costs nothing
constexpr auto fill_limit = 5min;

Done copy_tree(const fs::path& from, const fs::path& to) {
  if (auto made = make_folder(to.parent_path()); !made) return made;
  auto copied = run_checked(
      {.argv = {"cp", "--archive", "--no-target-directory", from.string(), to.string()}});
  if (!copied) return std::unexpected(copied.error());
  return {};
}

/// An emulated processor takes seconds for each; the UPS is a matter of the containers.
constexpr const char* unused_units[] = {
    "nut-driver-enumerator.path", "nut-driver-enumerator.service", "nut-server.service",
    "nut-monitor.service",        "serial-getty@ttyS0.service",
};

Done mask_unused(const fs::path& root) {
  std::error_code error;
  for (const char* unit : unused_units) {
    fs::create_symlink("/dev/null", root / "etc/systemd/system" / unit, error);
    if (error) {
      return fail("cannot mask " + std::string(unit) + " in a machine: " + error.message());
    }
  }
  return {};
}

Done enable(const fs::path& root, const std::string& unit, const std::string& text) {
  const auto units = root / "etc/systemd/system";
  if (auto done = write_file(units / unit, text); !done) return done;
  const auto wants = units / "multi-user.target.wants";
  if (auto made = make_folder(wants); !made) return made;
  std::error_code error;
  fs::create_symlink("../" + unit, wants / unit, error);
  if (error) return fail("cannot enable " + unit + " in a machine: " + error.message());
  return {};
}

/// What a container is given from outside.
Done complete(const Names& names, int index, const fs::path& root) {
  auto kernel = guest_kernel();
  if (!kernel) return std::unexpected(kernel.error());
  const auto modules = root / "usr/lib/modules" / kernel->modules.filename();
  if (auto done = copy_tree(kernel->modules, modules); !done) return done;
  if (auto done = copy_tree(kernel->image, root / "boot/vmlinuz"); !done) return done;
  if (auto done = copy_tree(names.share(), root / "lab"); !done) return done;
  if (auto done = mask_unused(root); !done) return done;
  if (auto made = make_folder(root / "var/log/upbeat-consoles"); !made) return made;
  if (auto done = write_file(root / "etc/lab-network", machine_network(index)); !done) return done;
  return enable(root, "lab-network.service", machine_network_unit());
}

}  // namespace

Done make_machine_disk(const Names& names, int index) {
  const std::string node = node_name(index);
  const auto root = names.node_root(node);
  if (auto done = complete(names, index, root); !done) return done;
  const auto unfinished = names.node_data(node) / "disk.unfinished";
  {
    const Fd fd(::open(unfinished.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd.open() || ::ftruncate(fd.get(), disk_bytes) != 0) {
      return fail("cannot make the disk " + unfinished.string() + ": " + std::strerror(errno));
    }
  }
  auto filled = run_checked(
      {.argv = {"mke2fs", "-q", "-F", "-t", "ext4", "-E", "lazy_itable_init=0,nodiscard", "-J",
                "size=16", "-d", root.string(), unfinished.string()},
       .timeout = fill_limit});
  if (!filled) return std::unexpected(filled.error());
  std::error_code error;
  fs::rename(unfinished, names.machine_disk(node), error);
  if (error) return fail("cannot put the disk of " + node + " into place: " + error.message());
  return {};
}

}  // namespace upbeat::lab
