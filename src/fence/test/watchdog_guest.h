// SPDX-License-Identifier: Apache-2.0
// For tests: a machine in QEMU that has nothing but Linux, its watchdogs and watchdog_host.cc.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace upbeat {

/// It has two watchdogs to load: `softdog`, and the chipset's, `wdat_wdt`.
///
/// The guest's time is virtual: it flies while the guest idles, which it does only in `pass`, and
/// stands still while its emulated processor does. So it is the same on a machine that is busy.
///
/// UPBEAT_GUEST_KERNEL and UPBEAT_GUEST_INITRD name what it boots (contract_in_guest.sh). A guest
/// that does not do what it is told, or not in `patience`, throws.
class WatchdogGuest {
 public:
  /// Returns when it is up.
  WatchdogGuest();
  WatchdogGuest(const WatchdogGuest&) = delete;
  WatchdogGuest& operator=(const WatchdogGuest&) = delete;
  ~WatchdogGuest();

  /// A command of watchdog_host.cc and its answer.
  Result<std::string> ask(const std::string& command);
  /// One that has to succeed.
  std::string tell(const std::string& command);
  /// Returns early if the guest is reset.
  void pass(std::chrono::milliseconds time);

  /// The guest's clock, as of the last that was heard of it.
  [[nodiscard]] std::chrono::milliseconds now() const { return now_; }
  /// Its machine was reset; a kernel that panics is not.
  [[nodiscard]] bool was_reset() const { return ended_; }
  /// What its kernel wrote.
  [[nodiscard]] std::string console() const;

 private:
  /// The next line, without its end, or nothing when the guest has ended.
  std::optional<std::string> next_line();
  /// Up to the answer; nothing if the guest was reset before.
  std::optional<std::string> answer();
  void launch();

  std::filesystem::path folder_;
  pid_t qemu_ = 0;
  Fd to_guest_;
  Fd from_guest_;
  std::string heard_;
  std::chrono::milliseconds now_{0};
  bool ended_ = false;
};

}  // namespace upbeat
