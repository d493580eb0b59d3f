// SPDX-License-Identifier: Apache-2.0
// The guests' initial disk, packed by cpio(1).
#include "lab/guest_root.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <sstream>

#include "base/process.h"
#include "lab/guest_program.h"
#include "lab/overlay.h"

namespace upbeat::lab {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> wanted_modules{"virtio_pci", "virtio_net", "virtio_blk"};

std::string module_name(const std::string& path) {
  std::string name = fs::path(path).filename().string();
  name = name.substr(0, name.find(".ko"));
  std::ranges::replace(name, '-', '_');
  return name;
}

Done copy_in(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_directories(to.parent_path(), error);
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  if (error) {
    return fail("cannot copy " + from.string() + " for the guests: " + error.message());
  }
  return {};
}

/// Copies the modules flat into `root`/lib, unpacked, and lists them in the order of loading.
Done add_modules(const fs::path& modules, const fs::path& root) {
  auto dependencies = read_file(modules / "modules.dep");
  if (!dependencies) return std::unexpected(dependencies.error());
  std::string order;
  for (const auto& path : module_order(*dependencies, wanted_modules)) {
    const fs::path to = root / "lib" / fs::path(path).filename();
    if (auto done = copy_in(modules / path, to); !done) return done;
    if (to.extension() == ".xz") {
      auto unpacked = run_checked({.argv = {"xz", "--decompress", to.string()}});
      if (!unpacked) return std::unexpected(unpacked.error());
    }
    order += (to.extension() == ".ko" ? to : to.stem()).filename().string() + "\n";
  }
  return write_file(root / "lib/modules.order", order);
}

Done fill(const fs::path& root, const GuestKernel& kernel) {
  for (const char* folder : {"proc", "sys", "dev", "tmp", "lib", "bin"}) {
    if (auto made = make_folder(root / folder); !made) return made;
  }
  if (auto done = copy_in("/bin/busybox", root / "bin/busybox"); !done) return done;
  std::error_code error;
  for (const char* applet : {"sh", "ls", "cat", "ps", "top", "ping", "ip", "free", "dmesg", "vi"}) {
    fs::create_symlink("busybox", root / "bin" / applet, error);
  }
  if (auto done = write_file(root / "init", guest_program(), 0755); !done) return done;
  return add_modules(kernel.modules, root);
}

}  // namespace

Result<GuestKernel> guest_kernel() {
  std::vector<std::pair<fs::file_time_type, GuestKernel>> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/lib/modules", error)) {
    const std::string release = entry.path().filename();
    const fs::path image = "/boot/vmlinuz-" + release;
    if (release.contains("cloud") && fs::exists(image, error) &&
        fs::exists(entry.path() / "modules.dep", error)) {
      found.emplace_back(fs::last_write_time(image, error), GuestKernel{image, entry.path()});
    }
  }
  if (found.empty()) {
    return fail(
        "cannot find a kernel for the guests: install the package "
        "linux-image-cloud-amd64");
  }
  return std::ranges::max_element(found, {}, [](const auto& each) { return each.first; })->second;
}

std::vector<std::string> module_order(const std::string& modules_dep,
                                      const std::vector<std::string>& wanted) {
  std::map<std::string, std::string> path_of;
  std::map<std::string, std::vector<std::string>> needs;
  std::istringstream lines(modules_dep);
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string name = module_name(line.substr(0, colon));
    path_of[name] = line.substr(0, colon);
    std::istringstream words(line.substr(colon + 1));
    for (std::string word; words >> word;) needs[name].push_back(module_name(word));
  }
  std::vector<std::string> order;
  std::set<std::string> seen;
  const std::function<void(const std::string&)> add = [&](const std::string& name) {
    if (!path_of.contains(name) || !seen.insert(name).second) return;
    for (const auto& need : needs[name]) add(need);
    order.push_back(path_of[name]);
  };
  for (const auto& name : wanted) add(name);
  return order;
}

Done build_guest_root(const fs::path& share) {
  auto kernel = guest_kernel();
  if (!kernel) return std::unexpected(kernel.error());
  const fs::path root = share / "guest-root";
  if (auto done = fill(root, *kernel); !done) return done;
  std::string list = ".\n";
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    list += entry.path().lexically_relative(root).string() + "\n";  // symlinks as they are
  }
  auto packed = run_checked({.argv = {"cpio", "--quiet", "-o", "-H", "newc", "-D", root.string(),
                                      "-F", (share / "initrd").string()},
                             .input = list});
  if (!packed) return std::unexpected(packed.error());
  if (auto done = copy_in(kernel->image, share / "vmlinuz"); !done) return done;
  return remove_folder(root);
}

}  // namespace upbeat::lab
