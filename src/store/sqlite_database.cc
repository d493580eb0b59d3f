// SPDX-License-Identifier: Apache-2.0
// A thin owner of one SQLite database: result codes become sentences.
#include "store/sqlite_database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/fd.h"

namespace upbeat {
namespace {

/// How long a call waits for another program, such as the sqlite3 shell, to let go of the file.
constexpr int busy_timeout_ms = 2000;

std::string what_is_wrong(sqlite3* database, int code) {
  const std::string detail = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code);
  const int reason = database != nullptr ? sqlite3_system_errno(database) : 0;
  switch (code & 0xff) {
    case SQLITE_FULL:
      return "there is no space left on its disk; free some space, Upbeat tries again";
    case SQLITE_CORRUPT:
      return "it is corrupt (" + detail + "); " + std::string(move_it_away);
    case SQLITE_NOTADB:
      return "it is not a state file of Upbeat, or its beginning is destroyed; " +
             std::string(move_it_away);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another program holds it; see with 'fuser' which one, and end it";
    case SQLITE_READONLY:
      return "it cannot be written; check the owner and mode of it and of its directory, and "
             "whether its file system is mounted read-only";
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      return std::string(reason != 0 ? std::strerror(reason) : detail.c_str()) +
             "; check the owner and mode of it and of its directory";
    case SQLITE_IOERR:
      return "its disk reports an error (" +
             (reason != 0 ? std::string(std::strerror(reason)) : detail) +
             "); check the disk and the kernel's log";
    default:
      return detail + "; " + std::string(move_it_away);
  }
}

std::unexpected<Error> failure(const std::string& path, sqlite3* database, int code) {
  return fail("cannot use the state file " + path + ": " + what_is_wrong(database, code));
}

/// Makes the file with the mode that its log and index then take over. A file that is there stays.
Result<void> make_file(const std::string& path) {
  const auto directory = std::filesystem::path(path).parent_path();
  std::error_code ignored;
  if (!directory.empty() && !std::filesystem::is_directory(directory, ignored)) {
    return fail("cannot use the state file " + path +
                ": its directory is not there; make it with "
                "'mkdir -p " +
                directory.string() + "'");
  }
  const Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file.open()) {
    return fail("cannot use the state file " + path + ": " + std::strerror(errno) +
                "; check what it is, and the owner and mode of it and of its directory");
  }
  return {};
}

}  // namespace

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void SqliteStatement::restart() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

void SqliteStatement::bind_one(int place, std::uint64_t value) {
  sqlite3_bind_int64(statement_.get(), place, static_cast<sqlite3_int64>(value));
}

void SqliteStatement::bind_one(int place, std::string_view value) {
  // An empty view may have no address, which SQLite would take for NULL.
  sqlite3_bind_blob64(statement_.get(), place, value.empty() ? "" : value.data(), value.size(),
                      SQLITE_TRANSIENT);
}

Result<bool> SqliteStatement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  auto* const database = sqlite3_db_handle(statement_.get());
  if (code == SQLITE_DONE) {
    sqlite3_reset(statement_.get());
    return false;
  }
  auto error = failure(*path_, database, code);
  sqlite3_reset(statement_.get());
  return error;
}

Result<void> SqliteStatement::run() {
  for (;;) {
    auto row = step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return {};
  }
}

std::uint64_t SqliteStatement::number(int column) const {
  return static_cast<std::uint64_t>(sqlite3_column_int64(statement_.get(), column));
}

std::string SqliteStatement::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return data == nullptr ? std::string() : std::string(data, static_cast<std::size_t>(size));
}

void SqliteDatabase::Close::operator()(sqlite3* database) const { sqlite3_close(database); }

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::open(const std::string& path) {
  auto made = make_file(path);
  if (!made) return std::unexpected(made.error());
  std::unique_ptr<SqliteDatabase> self(new SqliteDatabase(path));
  sqlite3* database = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &database,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  self->database_.reset(database);
  if (code != SQLITE_OK) return failure(path, database, code);
  if (sqlite3_db_readonly(database, "main") != 0) return failure(path, database, SQLITE_READONLY);
  sqlite3_busy_timeout(database, busy_timeout_ms);
  sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  return self;
}

void SqliteDatabase::keep() {
  sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}

Result<SqliteStatement> SqliteDatabase::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return failure(path_, database_.get(), code);
  return SqliteStatement(path_, statement);
}

Result<std::string> SqliteDatabase::ask(const char* sql) {
  auto statement = prepare(sql);
  if (!statement) return std::unexpected(statement.error());
  auto row = statement->step();
  if (!row) return std::unexpected(row.error());
  return *row ? statement->bytes(0) : std::string();
}

Result<void> SqliteDatabase::transact(const std::function<Result<void>()>& body) {
  auto begun = ask("BEGIN IMMEDIATE");
  if (!begun) return std::unexpected(begun.error());
  auto done = body();
  if (done) {
    auto committed = ask("COMMIT");
    if (committed) return {};
    done = std::unexpected(committed.error());
  }
  // Some failures, a full disk among them, have rolled back by themselves.
  if (sqlite3_get_autocommit(database_.get()) == 0) {
    sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  return done;
}

}  // namespace upbeat
