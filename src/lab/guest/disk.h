// SPDX-License-Identifier: Apache-2.0
// The guest's use of its disk: one record a second, written through and read back.
#pragma once

#include <cstdint>
#include <string>

namespace upbeat::guest {

/// What can happen to a record.
enum class DiskResult : std::uint8_t { written, failed };

/// Writes records, each of one block, one after another in a ring over `path`, past every cache,
/// and reads each back. One thread; a call blocks as long as the disk does.
class DiskLog {
 public:
  DiskLog(const std::string& path, std::string boot_id);
  ~DiskLog();
  DiskLog(const DiskLog&) = delete;
  DiskLog& operator=(const DiskLog&) = delete;

  /// False if the guest has no such disk.
  [[nodiscard]] bool open() const { return fd_ >= 0; }
  [[nodiscard]] DiskResult write_record();

 private:
  int fd_ = -1;
  std::string boot_id_;
  std::uint64_t sequence_ = 0;
};

}  // namespace upbeat::guest
