// SPDX-License-Identifier: Apache-2.0
// The twin of a node's disk: it lives in memory, can lose its power, and can break.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "ports/journal.h"

namespace upbeat {

/// What may be wrong with a disk.
enum class DiskFault : std::uint8_t {
  none,
  full,        ///< nothing can be written
  unreadable,  ///< nothing can be read or written
  corrupt,     ///< what is there cannot be understood
};

/// A journal whose disk is this object: it outlives the daemon that uses it. Single-threaded.
class MemoryJournal final : public Journal {
 public:
  /// Takes back everything appended since the last synced append or snapshot.
  void cut_power();
  void break_disk(DiskFault fault) { fault_ = fault; }

  [[nodiscard]] Result<Recovered> recover() override;
  [[nodiscard]] Result<void> append(const JournalEvent& event,
                                    const std::vector<HistoryLine>& lines,
                                    Durability durability) override;
  [[nodiscard]] Result<void> save_snapshot(EventIndex index, const std::string& bytes) override;
  [[nodiscard]] Result<std::vector<HistoryLine>> history(EventIndex after, std::size_t limit,
                                                         const std::string& subject) override;

 private:
  [[nodiscard]] Result<void> check_read() const;
  [[nodiscard]] Result<void> check_write() const;

  Recovered state_;
  std::deque<HistoryLine> lines_;
  std::size_t safe_events_ = 0;  ///< how many of state_.events a power cut leaves
  std::size_t safe_lines_ = 0;   ///< how many of lines_ it leaves
  DiskFault fault_ = DiskFault::none;
};

}  // namespace upbeat
