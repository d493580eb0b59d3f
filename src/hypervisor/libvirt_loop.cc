// SPDX-License-Identifier: Apache-2.0
// libvirt's event loop on a thread of its own.
#include "hypervisor/libvirt_loop.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <atomic>
#include <mutex>
#include <thread>

namespace upbeat {
namespace {

/// Errors come back from the calls; libvirt's habit is to print them to standard error as well.
void stay_silent(void* /*unused*/, virErrorPtr /*unused*/) {}

/// A timer that is due at once wakes the loop and removes itself.
void wake_and_go(int timer, void* /*unused*/) { virEventRemoveTimeout(timer); }

}  // namespace

struct LibvirtLoop::Thread {
  std::atomic<bool> stopped = false;
  std::thread thread;
};

std::shared_ptr<LibvirtLoop> LibvirtLoop::hold() {
  static std::mutex mutex;
  static std::weak_ptr<LibvirtLoop> running;
  const std::lock_guard lock(mutex);
  auto loop = running.lock();
  if (!loop) {
    loop = std::shared_ptr<LibvirtLoop>(new LibvirtLoop);
    running = loop;
  }
  return loop;
}

LibvirtLoop::LibvirtLoop() : thread_(std::make_unique<Thread>()) {
  static std::once_flag once;
  std::call_once(once, [] {
    virSetErrorFunc(nullptr, stay_silent);
    virEventRegisterDefaultImpl();
  });
  thread_->thread = std::thread([thread = thread_.get()] {
    while (!thread->stopped && virEventRunDefaultImpl() == 0) {
    }
  });
}

LibvirtLoop::~LibvirtLoop() {
  thread_->stopped = true;
  virEventAddTimeout(0, wake_and_go, nullptr, nullptr);
  thread_->thread.join();
}

}  // namespace upbeat
