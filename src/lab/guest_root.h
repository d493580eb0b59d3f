// SPDX-License-Identifier: Apache-2.0
// What the guests boot: the distribution's kernel and a small initial disk.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lab/files.h"

namespace upbeat::lab {

/// A kernel of the distribution's linux-image-cloud-amd64 that is installed on this machine.
struct GuestKernel {
  std::filesystem::path image;
  std::filesystem::path modules;
};
/// The newest one that has both its image and its modules.
[[nodiscard]] Result<GuestKernel> guest_kernel();

/// The files of `wanted` modules and of all that they need, each after what it needs, from the text
/// of a modules.dep (depmod(8)). A module that is not listed is taken as built into the kernel.
[[nodiscard]] std::vector<std::string> module_order(const std::string& modules_dep,
                                                    const std::vector<std::string>& wanted);

/// Writes `vmlinuz` and `initrd` into `share`. The initial disk holds BusyBox, the virtio modules
/// and, as its init, the guest's program, which is part of this one. It is not compressed: an
/// emulated processor takes longer to unpack it than the loader to copy it.
[[nodiscard]] Done build_guest_root(const std::filesystem::path& share);

}  // namespace upbeat::lab
