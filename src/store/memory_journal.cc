// SPDX-License-Identifier: Apache-2.0
// The twin of a node's disk.
#include "store/memory_journal.h"

#include <algorithm>

namespace upbeat {

Result<void> MemoryJournal::check_read() const {
  if (fault_ == DiskFault::unreadable) {
    return fail("cannot use the state in memory: its disk reports an error; check the disk");
  }
  if (fault_ == DiskFault::corrupt) {
    return fail("cannot use the state in memory: it is corrupt; move it away and restart upbeatd");
  }
  return {};
}

Result<void> MemoryJournal::check_write() const {
  if (fault_ == DiskFault::full) {
    return fail("cannot use the state in memory: there is no space left; free some space");
  }
  return check_read();
}

void MemoryJournal::cut_power() {
  state_.events.resize(safe_events_);
  lines_.resize(safe_lines_);
}

Result<Recovered> MemoryJournal::recover() {
  auto readable = check_read();
  if (!readable) return std::unexpected(readable.error());
  return state_;
}

Result<void> MemoryJournal::append(const JournalEvent& event, const std::vector<HistoryLine>& lines,
                                   Durability durability) {
  auto writable = check_write();
  if (!writable) return writable;
  const auto last = state_.snapshot_index.get() + state_.events.size();
  if (event.index.get() != last + 1) {
    return fail("cannot write event " + std::to_string(event.index.get()) +
                ": the state in memory ends with event " + std::to_string(last) +
                "; restart upbeatd, it then takes the state up anew");
  }
  state_.events.push_back(event);
  lines_.insert(lines_.end(), lines.begin(), lines.end());
  for (; lines_.size() > history_limit_lines; lines_.pop_front()) {
    if (safe_lines_ > 0) --safe_lines_;
  }
  if (durability == Durability::synced) {
    safe_events_ = state_.events.size();
    safe_lines_ = lines_.size();
  }
  return {};
}

Result<void> MemoryJournal::save_snapshot(EventIndex index, const std::string& bytes) {
  auto writable = check_write();
  if (!writable) return writable;
  state_ = {.snapshot_index = index, .snapshot = bytes, .events = {}};
  safe_events_ = 0;
  safe_lines_ = lines_.size();
  return {};
}

Result<std::vector<HistoryLine>> MemoryJournal::history(EventIndex after, std::size_t limit,
                                                        const std::string& subject) {
  auto readable = check_read();
  if (!readable) return std::unexpected(readable.error());
  std::vector<HistoryLine> found;
  for (auto line = lines_.rbegin(); line != lines_.rend() && found.size() < limit; ++line) {
    const bool wanted = subject.empty() || line->subject == subject;
    if (line->index > after && wanted) found.push_back(*line);
  }
  std::ranges::reverse(found);
  return found;
}

}  // namespace upbeat
