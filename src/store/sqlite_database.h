// SPDX-License-Identifier: Apache-2.0
// A thin owner of one SQLite database, whose errors are sentences about that file.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace upbeat {

/// A prepared statement (https://sqlite.org/c3ref/stmt.html). It goes before its database.
class SqliteStatement {
 public:
  SqliteStatement(const std::string& path, sqlite3_stmt* statement)
      : path_(&path), statement_(statement) {}

  /// Starts anew with these values, the first at `?1`.
  template <class... Values>
  void bind(const Values&... values) {
    restart();
    int place = 0;
    (bind_one(++place, values), ...);
  }
  /// Runs up to the next row; false at the end, where it rests and releases its locks.
  [[nodiscard]] Result<bool> step();
  /// Runs a statement that has no rows.
  [[nodiscard]] Result<void> run();
  void restart();

  [[nodiscard]] std::uint64_t number(int column) const;
  [[nodiscard]] std::string bytes(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };

  void bind_one(int place, std::uint64_t value);
  void bind_one(int place, std::string_view value);

  const std::string* path_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// One database file. One thread at a time.
class SqliteDatabase {
 public:
  /// Opens the file, which is made (readable by its owner alone) if it is not there. Nothing is
  /// written to a file that exists.
  [[nodiscard]] static Result<std::unique_ptr<SqliteDatabase>> open(const std::string& path);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] Result<SqliteStatement> prepare(const char* sql);
  /// The first column of the first row, as bytes; empty if there is none.
  [[nodiscard]] Result<std::string> ask(const char* sql);
  /// Runs `body` in a transaction: all of it is done, or nothing.
  [[nodiscard]] Result<void> transact(const std::function<Result<void>()>& body);
  /// From now on closing folds the log into the file; before, closing leaves the file as it was.
  void keep();

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };

  explicit SqliteDatabase(std::string path) : path_(std::move(path)) {}

  std::string path_;
  std::unique_ptr<sqlite3, Close> database_;
};

/// What the operator can do about a state file that cannot be used any more.
inline constexpr std::string_view move_it_away =
    "move it away and restart upbeatd, this node then gets the state from the others";

}  // namespace upbeat
