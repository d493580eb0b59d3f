// SPDX-License-Identifier: Apache-2.0
// The port for what a node keeps on its disk: the events since the last snapshot, and history.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/strong.h"
#include "ports/clock.h"

namespace upbeat {

/// One applied event, in the bytes of src/wire.
struct JournalEvent {
  EventIndex index;
  std::string bytes;

  bool operator==(const JournalEvent&) const = default;
};

/// A line of history for people: what happened to what, and why.
struct HistoryLine {
  EventIndex index;  ///< the event that made it; several lines may share one
  WallTimeMs wall_ms = 0;
  std::string subject;  ///< "node1", "x3", "cluster"
  std::string text;

  bool operator==(const HistoryLine&) const = default;
};

/// What a node knew when it last wrote: a snapshot (none on a new node) and the events after it.
struct Recovered {
  EventIndex snapshot_index;
  std::string snapshot;
  std::vector<JournalEvent> events;  ///< consecutive, the first has snapshot_index + 1
};

/// Events are folded into a new snapshot after this many, or as many as there are guests.
inline constexpr std::uint64_t snapshot_every_events = 512;
/// History keeps at most this many lines; the oldest go first.
inline constexpr std::uint64_t history_limit_lines = 100'000;

/// Whether an append must be on the disk before the call returns.
enum class Durability : std::uint8_t {
  relaxed,  ///< may be lost by a power cut, order is kept
  synced,   ///< survives a power cut, and so does everything appended before it
};

/// A node's disk. Calls block for as long as the disk takes. An error (full, unreadable, corrupt)
/// leaves on the disk what was there.
class Journal {
 public:
  Journal() = default;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  virtual ~Journal() = default;

  /// Reads all that is there; on a corrupt file an error that names it and says what to do.
  [[nodiscard]] virtual Result<Recovered> recover() = 0;
  /// Adds one event and its history. Its index follows the last one.
  [[nodiscard]] virtual Result<void> append(const JournalEvent& event,
                                            const std::vector<HistoryLine>& lines,
                                            Durability durability) = 0;
  /// Replaces snapshot and events by `bytes`, synced; history stays.
  [[nodiscard]] virtual Result<void> save_snapshot(EventIndex index, const std::string& bytes) = 0;
  /// The newest lines, oldest first: those after `after`, at most `limit`, of `subject` if not
  /// empty.
  [[nodiscard]] virtual Result<std::vector<HistoryLine>> history(EventIndex after,
                                                                 std::size_t limit,
                                                                 const std::string& subject) = 0;
};

}  // namespace upbeat
