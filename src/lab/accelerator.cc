// SPDX-License-Identifier: Apache-2.0
// A probe of KVM by the only proof there is: a guest that boots.
#include "lab/accelerator.h"

#include <unistd.h>

#include "base/process.h"

namespace upbeat::lab {
namespace {

using namespace std::chrono_literals;

// KVM boots the guest in less than a second on any machine that is worth it.
constexpr auto probe_limit = 4s;
constexpr const char* boot_mark = "upbeat-guest-boots";  // guestd says it

}  // namespace

Accelerator probe_accelerator(const std::filesystem::path& share) {
  if (::access("/dev/kvm", R_OK | W_OK) != 0) return Accelerator::tcg;
  const auto probe =
      run({.argv = {"qemu-system-x86_64", "-machine", "pc,accel=kvm", "-cpu", "host", "-m", "256",
                    "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot", "-kernel",
                    (share / "vmlinuz").string(), "-initrd", (share / "initrd").string(), "-append",
                    "console=ttyS0 quiet panic=-1 upbeat.probe=1"},
           .timeout = probe_limit});
  const bool came_up = probe && probe->out.contains(boot_mark);
  return came_up ? Accelerator::kvm : Accelerator::tcg;
}

}  // namespace upbeat::lab
