// SPDX-License-Identifier: Apache-2.0
// A WatchdogDevice as a file: what a node opens as /dev/watchdog, served from outside the node.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "base/fd.h"
#include "base/result.h"
#include "lab/watchdog_device.h"

namespace upbeat::lab {

[[nodiscard]] WatchdogDevice::Time monotonic_time();

/// A file system of the kernel's FUSE whose root is one file, mounted over a file: it looks like a
/// regular file, and takes a watchdog's calls. Who serves it must not touch its path meanwhile,
/// which would wait for the one who waits.
///
/// The kernel's protocol is spoken as it is (linux/fuse.h): that file needs six of its messages,
/// and a library for them would have to be on every host that has the `upbeat` program.
class WatchdogFile {
 public:
  using Clock = std::function<WatchdogDevice::Time()>;

  /// Mounts it at `path`; what is there or mounted there goes. Needs root and /dev/fuse.
  [[nodiscard]] static Result<std::unique_ptr<WatchdogFile>> mount(
      const std::filesystem::path& path, Clock now = monotonic_time);
  WatchdogFile(const WatchdogFile&) = delete;
  WatchdogFile& operator=(const WatchdogFile&) = delete;
  /// Unmounts it. Whoever has it open gets errors from then on.
  ~WatchdogFile();

  /// Readable when somebody waits for an answer; -1: the file is gone (unmounted by others).
  [[nodiscard]] int requests() const { return fuse_.get(); }
  /// Answers all that wait; does not block.
  void serve();

  [[nodiscard]] std::optional<WatchdogDevice::Time> due() const { return device_.due(); }

 private:
  struct Request;

  WatchdogFile(Fd fuse, std::filesystem::path path, Clock now)
      : fuse_(std::move(fuse)), path_(std::move(path)), now_(std::move(now)) {}
  void answer(const Request& request);
  void open(const Request& request);
  void write(const Request& request);
  void ioctl(const Request& request);
  /// False if nobody waits for it any more.
  bool reply(const Request& to, int error, std::string_view bytes = {}, std::string_view more = {});

  Fd fuse_;
  std::filesystem::path path_;
  Clock now_;
  WatchdogDevice device_;
};

}  // namespace upbeat::lab
