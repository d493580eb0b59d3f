// SPDX-License-Identifier: Apache-2.0
// The journal on a real disk: tables, transactions, checksums.
#include "store/sqlite_journal.h"

#include <algorithm>
#include <array>
#include <boost/crc.hpp>
#include <optional>

#include "store/sqlite_database.h"

namespace upbeat {
namespace {

/// "Upbt" in ASCII, so that `file` and we tell our database from another's.
constexpr std::uint64_t application_id = 0x55706274;

constexpr std::array schema = {
    "CREATE TABLE snapshot (only INTEGER PRIMARY KEY CHECK (only = 1), event INTEGER NOT NULL,"
    " bytes BLOB NOT NULL, crc INTEGER NOT NULL)",
    "CREATE TABLE event (event INTEGER PRIMARY KEY, bytes BLOB NOT NULL, crc INTEGER NOT NULL)",
    "CREATE TABLE history (line INTEGER PRIMARY KEY, event INTEGER NOT NULL,"
    " wall_ms INTEGER NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL)",
    "CREATE INDEX history_subject ON history (subject, line)",
    "PRAGMA application_id = 1433428596",
    "PRAGMA user_version = 1",
};
static_assert(application_id == 1433428596 && journal_layout == 1, "as the schema says");

/// Covers the index too: a row that slid to another place is as wrong as one whose bytes changed.
std::uint64_t checksum(std::uint64_t index, const std::string& bytes) {
  boost::crc_32_type crc;
  for (int shift = 0; shift < 64; shift += 8) {
    crc.process_byte(static_cast<unsigned char>(index >> static_cast<unsigned>(shift)));
  }
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

struct Statements {
  SqliteStatement read_snapshot;
  SqliteStatement read_events;
  SqliteStatement add_event;
  SqliteStatement add_line;
  SqliteStatement trim_lines;
  SqliteStatement clear_events;
  SqliteStatement write_snapshot;
  SqliteStatement read_lines;
  SqliteStatement read_lines_of;
};

/// Prepares one statement; the first failure of several is kept in `wrong`.
SqliteStatement prepare(SqliteDatabase& database, const char* sql, Result<void>& wrong) {
  auto statement = database.prepare(sql);
  if (statement) return std::move(*statement);
  if (wrong) wrong = std::unexpected(statement.error());
  return {database.path(), nullptr};
}

Result<Statements> prepare_all(SqliteDatabase& db) {
  Result<void> wrong;
  Statements all{
      .read_snapshot = prepare(db, "SELECT event, bytes, crc FROM snapshot", wrong),
      .read_events = prepare(db, "SELECT event, bytes, crc FROM event ORDER BY event", wrong),
      .add_event = prepare(db, "INSERT INTO event VALUES (?1, ?2, ?3)", wrong),
      .add_line = prepare(db,
                          "INSERT INTO history VALUES (NULL, ?1, ?2, CAST(?3 AS TEXT),"
                          " CAST(?4 AS TEXT))",
                          wrong),
      .trim_lines = prepare(
          db, "DELETE FROM history WHERE line <= (SELECT max(line) FROM history) - ?1", wrong),
      .clear_events = prepare(db, "DELETE FROM event", wrong),
      .write_snapshot = prepare(db, "REPLACE INTO snapshot VALUES (1, ?1, ?2, ?3)", wrong),
      .read_lines = prepare(db,
                            "SELECT event, wall_ms, subject, text FROM history WHERE event > ?1"
                            " ORDER BY line DESC LIMIT ?2",
                            wrong),
      .read_lines_of = prepare(db,
                               "SELECT event, wall_ms, subject, text FROM history WHERE event > ?1"
                               " AND subject = CAST(?3 AS TEXT) ORDER BY line DESC LIMIT ?2",
                               wrong),
  };
  if (!wrong) return std::unexpected(wrong.error());
  return all;
}

class Implementation final : public Journal {
 public:
  Implementation(std::unique_ptr<SqliteDatabase> database, Statements statements)
      : database_(std::move(database)), sql_(std::move(statements)) {}

  [[nodiscard]] Result<Recovered> recover() override;
  [[nodiscard]] Result<void> append(const JournalEvent& event,
                                    const std::vector<HistoryLine>& lines,
                                    Durability durability) override;
  [[nodiscard]] Result<void> save_snapshot(EventIndex index, const std::string& bytes) override;
  [[nodiscard]] Result<std::vector<HistoryLine>> history(EventIndex after, std::size_t limit,
                                                         const std::string& subject) override;
  /// Where the next event belongs. Before the first use.
  [[nodiscard]] Result<void> find_last();

 private:
  [[nodiscard]] Result<Recovered> read_all();
  [[nodiscard]] std::unexpected<Error> corrupt(const std::string& detail) const;
  [[nodiscard]] Result<void> set_durability(Durability durability);
  [[nodiscard]] Result<void> write_event(const JournalEvent& event,
                                         const std::vector<HistoryLine>& lines);
  [[nodiscard]] Result<void> read_snapshot(Recovered& recovered);
  [[nodiscard]] Result<void> read_events(Recovered& recovered);

  std::unique_ptr<SqliteDatabase> database_;
  Statements sql_;
  EventIndex last_;
  std::optional<Durability> durability_;  ///< what the connection is set to; none: unknown
  std::optional<Error> refused_;          ///< why the last recover failed: write nothing
};

std::unexpected<Error> Implementation::corrupt(const std::string& detail) const {
  return fail("cannot use the state file " + database_->path() + ": it is corrupt (" + detail +
              "); " + std::string(move_it_away));
}

Result<void> Implementation::find_last() {
  auto last = database_->ask(
      "SELECT max(coalesce((SELECT max(event) FROM event), 0),"
      " coalesce((SELECT event FROM snapshot), 0))");
  if (!last) return std::unexpected(last.error());
  last_ = EventIndex(std::stoull(*last));
  return {};
}

Result<void> Implementation::set_durability(Durability durability) {
  if (durability_ == durability) return {};
  auto set = database_->ask(durability == Durability::synced ? "PRAGMA synchronous = FULL"
                                                             : "PRAGMA synchronous = NORMAL");
  if (!set) return std::unexpected(set.error());
  durability_ = durability;
  return {};
}

Result<void> Implementation::read_snapshot(Recovered& recovered) {
  sql_.read_snapshot.restart();
  auto row = sql_.read_snapshot.step();
  if (!row) return std::unexpected(row.error());
  if (!*row) return {};
  recovered.snapshot_index = EventIndex(sql_.read_snapshot.number(0));
  recovered.snapshot = sql_.read_snapshot.bytes(1);
  const auto crc = sql_.read_snapshot.number(2);
  sql_.read_snapshot.restart();
  if (crc != checksum(recovered.snapshot_index.get(), recovered.snapshot)) {
    return corrupt("the snapshot does not match its checksum");
  }
  return {};
}

Result<void> Implementation::read_events(Recovered& recovered) {
  sql_.read_events.restart();
  auto expected = recovered.snapshot_index.get();
  for (;;) {
    auto row = sql_.read_events.step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return {};
    const auto index = sql_.read_events.number(0);
    std::string bytes = sql_.read_events.bytes(1);
    std::string wrong;
    if (index != ++expected) {
      wrong = "event " + std::to_string(expected) + " is missing";
    } else if (sql_.read_events.number(2) != checksum(index, bytes)) {
      wrong = "event " + std::to_string(index) + " does not match its checksum";
    }
    if (!wrong.empty()) {
      sql_.read_events.restart();
      return corrupt(wrong);
    }
    recovered.events.push_back({EventIndex(index), std::move(bytes)});
  }
}

Result<Recovered> Implementation::recover() {
  auto recovered = read_all();
  refused_.reset();
  if (recovered) {
    database_->keep();
  } else {
    refused_ = recovered.error();
  }
  return recovered;
}

Result<Recovered> Implementation::read_all() {
  auto sound = database_->ask("PRAGMA quick_check(1)");
  if (!sound) return std::unexpected(sound.error());
  if (*sound != "ok") return corrupt(*sound);
  Recovered recovered;
  auto read = database_->transact([&]() -> Result<void> {
    auto snapshot = read_snapshot(recovered);
    return snapshot ? read_events(recovered) : snapshot;
  });
  if (!read) return std::unexpected(read.error());
  return recovered;
}

Result<void> Implementation::write_event(const JournalEvent& event,
                                         const std::vector<HistoryLine>& lines) {
  const auto index = event.index.get();
  sql_.add_event.bind(index, event.bytes, checksum(index, event.bytes));
  auto done = sql_.add_event.run();
  for (const auto& line : lines) {
    if (!done) return done;
    sql_.add_line.bind(line.index.get(), static_cast<std::uint64_t>(line.wall_ms), line.subject,
                       line.text);
    done = sql_.add_line.run();
  }
  if (!done || lines.empty()) return done;
  sql_.trim_lines.bind(history_limit_lines);
  return sql_.trim_lines.run();
}

Result<void> Implementation::append(const JournalEvent& event,
                                    const std::vector<HistoryLine>& lines, Durability durability) {
  if (refused_) return std::unexpected(*refused_);
  if (event.index.get() != last_.get() + 1) {
    return fail("cannot write event " + std::to_string(event.index.get()) + " to the state file " +
                database_->path() + ": it ends with event " + std::to_string(last_.get()) +
                "; restart upbeatd, it then takes the state up anew");
  }
  auto done = set_durability(durability);
  if (done) done = database_->transact([&] { return write_event(event, lines); });
  if (done) last_ = event.index;
  return done;
}

Result<void> Implementation::save_snapshot(EventIndex index, const std::string& bytes) {
  if (refused_) return std::unexpected(*refused_);
  auto done = set_durability(Durability::synced);
  if (!done) return done;
  done = database_->transact([&]() -> Result<void> {
    sql_.clear_events.restart();
    auto cleared = sql_.clear_events.run();
    if (!cleared) return cleared;
    sql_.write_snapshot.bind(index.get(), bytes, checksum(index.get(), bytes));
    return sql_.write_snapshot.run();
  });
  if (done) last_ = index;
  return done;
}

Result<std::vector<HistoryLine>> Implementation::history(EventIndex after, std::size_t limit,
                                                         const std::string& subject) {
  auto& read = subject.empty() ? sql_.read_lines : sql_.read_lines_of;
  const std::uint64_t most = std::min<std::uint64_t>(limit, history_limit_lines);
  if (subject.empty()) {
    read.bind(after.get(), most);
  } else {
    read.bind(after.get(), most, subject);
  }
  std::vector<HistoryLine> lines;
  for (;;) {
    auto row = read.step();
    if (!row) return std::unexpected(row.error());
    if (!*row) break;
    lines.push_back({EventIndex(read.number(0)), static_cast<WallTimeMs>(read.number(1)),
                     read.bytes(2), read.bytes(3)});
  }
  std::ranges::reverse(lines);
  return lines;
}

/// Refuses a file of another program or of a newer Upbeat; tells whether tables must be made.
Result<bool> is_new(SqliteDatabase& database) {
  auto layout = database.ask("PRAGMA user_version");
  auto owner = database.ask("PRAGMA application_id");
  auto tables = database.ask("SELECT count(*) FROM sqlite_schema");
  for (const auto* answer : {&layout, &owner, &tables}) {
    if (!*answer) return std::unexpected(answer->error());
  }
  if (*owner == "0" && *layout == "0" && *tables == "0") return true;
  if (*owner != std::to_string(application_id)) {
    return fail("cannot use the state file " + database.path() +
                ": it is the database of another program; name another file, or move it away");
  }
  if (std::stoull(*layout) > journal_layout) {
    return fail("cannot use the state file " + database.path() + ": a newer Upbeat wrote it (" +
                "layout " + *layout + ", this one knows " + std::to_string(journal_layout) +
                "); install the newer version again, or " + std::string(move_it_away));
  }
  return false;
}

Result<void> make_tables(SqliteDatabase& database) {
  return database.transact([&]() -> Result<void> {
    for (const char* sql : schema) {
      auto made = database.ask(sql);
      if (!made) return std::unexpected(made.error());
    }
    return {};
  });
}

}  // namespace

Result<std::unique_ptr<Journal>> SqliteJournal::open(const std::string& path) {
  auto database = SqliteDatabase::open(path);
  if (!database) return std::unexpected(database.error());
  auto fresh = is_new(**database);
  if (!fresh) return std::unexpected(fresh.error());
  auto mode = (*database)->ask("PRAGMA journal_mode = WAL");
  if (!mode) return std::unexpected(mode.error());
  if (*mode != "wal") {
    return fail("cannot use the state file " + path +
                ": its file system cannot share memory, which SQLite's write-ahead log needs; "
                "put it on a local disk");
  }
  Result<void> ready;
  if (*fresh) ready = make_tables(**database);
  if (!ready) return std::unexpected(ready.error());
  auto statements = prepare_all(**database);
  if (!statements) return std::unexpected(statements.error());
  auto journal = std::make_unique<Implementation>(std::move(*database), std::move(*statements));
  ready = journal->find_last();
  if (!ready) return std::unexpected(ready.error());
  return journal;
}

}  // namespace upbeat
