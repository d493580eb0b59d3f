// SPDX-License-Identifier: Apache-2.0
// Records on the guest's disk by O_DIRECT, so that what is read back comes from the disk.
#include "lab/guest/disk.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

namespace upbeat::guest {
namespace {

constexpr std::size_t block_bytes = 4096;
constexpr std::uint64_t ring_blocks = 1024;

struct alignas(block_bytes) Block {
  char bytes[block_bytes];
};

}  // namespace

DiskLog::DiskLog(const std::string& path, std::string boot_id)
    : fd_(::open(path.c_str(), O_RDWR | O_DIRECT | O_CLOEXEC)), boot_id_(std::move(boot_id)) {}

DiskLog::~DiskLog() {
  if (fd_ >= 0) ::close(fd_);
}

DiskResult DiskLog::write_record() {
  static Block record;
  static Block back;
  const auto at = static_cast<off_t>((sequence_ % ring_blocks) * block_bytes);
  std::memset(record.bytes, static_cast<int>('a' + sequence_ % 26), block_bytes);
  std::snprintf(record.bytes, block_bytes, "upbeat guest %s record %llu\n", boot_id_.c_str(),
                static_cast<unsigned long long>(sequence_));
  ++sequence_;
  const bool good = ::pwrite(fd_, record.bytes, block_bytes, at) == block_bytes &&
                    ::fsync(fd_) == 0 && ::pread(fd_, back.bytes, block_bytes, at) == block_bytes &&
                    std::memcmp(record.bytes, back.bytes, block_bytes) == 0;
  return good ? DiskResult::written : DiskResult::failed;
}

}  // namespace upbeat::guest
