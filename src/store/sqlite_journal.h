// SPDX-License-Identifier: Apache-2.0
// The journal on a real disk: one SQLite file with a write-ahead log beside it.
#pragma once

#include <memory>
#include <string>

#include "ports/journal.h"

namespace upbeat {

/// The layout of the file (PRAGMA user_version). A file of a higher one is refused and left alone.
inline constexpr std::uint64_t journal_layout = 1;

/// Makes the real journal. A commit in SQLite's WAL mode is atomic and keeps the order of commits
/// (https://sqlite.org/wal.html); a synced one waits for fsync of the log, which carries all
/// earlier commits along. Snapshot and events carry checksums, for SQLite's pages have none.
///
/// One thread at a time uses a journal; it need not always be the same one. While Upbeat runs the
/// file can be read with the sqlite3 shell.
class SqliteJournal {
 public:
  /// Opens the file at `path`, or makes a new one, readable by its owner alone. A file that cannot
  /// be used (corrupt, of another program, of a newer Upbeat, not writable) stays as it is.
  [[nodiscard]] static Result<std::unique_ptr<Journal>> open(const std::string& path);
};

}  // namespace upbeat
