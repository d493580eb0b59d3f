// SPDX-License-Identifier: Apache-2.0
// A watchdog's protocol as Linux's drivers speak it, without a kernel: what a node of the lab sees
// as its /dev/watchdog.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace upbeat::lab {

/// One device, like softdog's: from 1 to 65535 s, with the magic character, no way to lose it
/// (nowayout=0). It only says when it is due; to reset a host is its owner's.
///
/// All calls tell the time, of a clock that goes on whatever the node does, and never backwards.
/// Errors are errno values; 0: none.
/// Source: Linux, drivers/watchdog/watchdog_dev.c; Documentation/watchdog/watchdog-api.rst.
class WatchdogDevice {
 public:
  using Time = std::chrono::milliseconds;

  /// Arms it. EBUSY: somebody has it open.
  [[nodiscard]] int open(Time now);
  /// Feeds it; a 'V' among the bytes lets the next close disarm it, until the next write.
  void write(std::string_view bytes, Time now);
  /// The last descriptor is gone, also with its process. Disarms it after a 'V'; else it stays
  /// armed, and is fed once more.
  void close(Time now);

  struct Answer {
    int error = 0;
    std::string out = {};  ///< what the caller's memory receives
  };
  /// `value` is the number that the argument points at, for commands that take one.
  [[nodiscard]] Answer ioctl(unsigned command, std::optional<int> value, Time now);

  /// When it resets its host; nothing: it is not armed.
  [[nodiscard]] std::optional<Time> due() const { return due_; }

 private:
  void feed(Time now);
  [[nodiscard]] Answer set_options(std::optional<int> value, Time now);
  [[nodiscard]] Answer set_timeout(std::optional<int> value, Time now);

  std::chrono::seconds timeout_{60};
  bool held_ = false;
  bool may_stop_ = false;  ///< the last write held a 'V'
  std::optional<Time> due_;
};

}  // namespace upbeat::lab
