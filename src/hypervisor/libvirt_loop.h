// SPDX-License-Identifier: Apache-2.0
// libvirt's event loop on a thread of its own: https://libvirt.org/html/libvirt-libvirt-event.html
#pragma once

#include <memory>

namespace upbeat {

/// Runs libvirt's event loop while anybody holds it. libvirt has one loop a process, so all
/// adapters of a process share it.
class LibvirtLoop {
 public:
  /// Prepares libvirt (its own error printing is switched off) and starts the loop if it does not
  /// run. Connections are to be opened after this and closed before the loop is let go.
  [[nodiscard]] static std::shared_ptr<LibvirtLoop> hold();

  LibvirtLoop(const LibvirtLoop&) = delete;
  LibvirtLoop& operator=(const LibvirtLoop&) = delete;
  ~LibvirtLoop();

 private:
  LibvirtLoop();

  struct Thread;
  std::unique_ptr<Thread> thread_;
};

}  // namespace upbeat
