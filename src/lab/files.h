// SPDX-License-Identifier: Apache-2.0
// Small files, whole: read, written so that nobody sees half of one, waited for.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace upbeat::lab {

using Done = Result<void>;

[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path);

/// The last line of a log that says something, for an error to quote; or "(nothing)".
[[nodiscard]] std::string last_line(const std::filesystem::path& path);

/// Makes the folders on the way, writes a temporary file with `mode` and renames it into place.
[[nodiscard]] Done write_file(const std::filesystem::path& path, const std::string& text,
                              unsigned mode = 0644);

[[nodiscard]] Done make_folder(const std::filesystem::path& path, unsigned mode = 0755);

/// `bytes` of the kernel's randomness, raw.
[[nodiscard]] Result<std::string> random_bytes(std::size_t bytes);
[[nodiscard]] std::string to_hex(const std::string& bytes);

/// Waits until `ready` says yes, looking every 25 ms, for things that the kernel has no event for.
/// False if the time ran out or the user asked to stop (see interrupted()).
[[nodiscard]] bool wait_until(const std::function<bool()>& ready, std::chrono::milliseconds limit);

/// From now on SIGINT, SIGTERM and SIGHUP no longer end the program but are remembered.
void catch_interrupts();
[[nodiscard]] bool interrupted();
/// Forgets an interrupt, so that the clean-up after it can wait for things.
void clear_interrupt();

/// A lab's lock, held as long as the object lives.
class Lock {
 public:
  /// Takes the lock, or says after a second that somebody else has it.
  static Result<Lock> take(const std::filesystem::path& path, const std::string& what);
  /// Removes the lock's file: after this the name is free for anybody.
  void remove();

 private:
  Lock(Fd fd, std::filesystem::path path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Fd fd_;
  std::filesystem::path path_;
};

}  // namespace upbeat::lab
