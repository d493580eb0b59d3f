// SPDX-License-Identifier: Apache-2.0
// What a broken disk looks like to the operator: one clear sentence, and the file left as it was.
#include "store/sqlite_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "store/memory_journal.h"

namespace upbeat {
namespace {

using testing::HasSubstr;

class BrokenDisk : public testing::Test {
 protected:
  BrokenDisk() {
    std::string name = (std::filesystem::temp_directory_path() / "upbeat-disk-XXXXXX").string();
    directory = ::mkdtemp(name.data());
    path = directory + "/state.db";
  }
  ~BrokenDisk() override { std::filesystem::remove_all(directory); }

  [[nodiscard]] std::string content() const {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void fill(const std::string& bytes) const {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }
  /// A good file with a snapshot, an event and some history.
  void write_a_good_file() const {
    auto journal = SqliteJournal::open(path);
    ASSERT_TRUE(journal) << journal.error().text;
    ASSERT_TRUE((*journal)->recover());
    ASSERT_TRUE((*journal)->save_snapshot(EventIndex(1), std::string(50'000, 's')));
    ASSERT_TRUE((*journal)->append({EventIndex(2), "the-event-of-two"},
                                   {{EventIndex(2), 0, "x1", "happened"}}, Durability::synced));
  }
  void change_by_sql(const char* sql) const {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, sql, nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(database);
  }
  /// What opening and then recovering says is wrong.
  [[nodiscard]] std::string complaint() const {
    auto journal = SqliteJournal::open(path);
    if (!journal) return journal.error().text;
    auto all = (*journal)->recover();
    return all ? "nothing is wrong" : all.error().text;
  }

  std::string directory;
  std::string path;
};

TEST_F(BrokenDisk, SaysThatAFileIsNoStateFileAndLeavesIt) {
  fill(std::string(5000, '#'));

  const auto said = complaint();

  EXPECT_THAT(said, HasSubstr("cannot use the state file " + path));
  EXPECT_THAT(said, HasSubstr("is not a state file of Upbeat"));
  EXPECT_THAT(said, HasSubstr("move it away and restart upbeatd"));
  EXPECT_EQ(content(), std::string(5000, '#'));
}

TEST_F(BrokenDisk, SaysThatAChangedByteMakesTheFileCorruptAndLeavesIt) {
  write_a_good_file();
  auto bytes = content();
  bytes.replace(bytes.find("the-event-of-two"), 9, "tHe-event");
  fill(bytes);

  const auto said = complaint();

  EXPECT_THAT(said, HasSubstr("it is corrupt (event 2 does not match its checksum); move it away"));
  EXPECT_EQ(content(), bytes);
}

TEST_F(BrokenDisk, SaysThatAChangedSnapshotMakesTheFileCorrupt) {
  write_a_good_file();
  auto bytes = content();
  bytes[bytes.find("ssssssss") + 2] = 'S';
  fill(bytes);

  EXPECT_THAT(complaint(), HasSubstr("the snapshot does not match its checksum"));
}

TEST_F(BrokenDisk, SaysThatATruncatedFileIsCorruptAndLeavesIt) {
  write_a_good_file();
  const auto bytes = content().substr(0, 12'288);
  fill(bytes);

  EXPECT_THAT(complaint(), HasSubstr("it is corrupt"));
  EXPECT_EQ(content(), bytes);
}

TEST_F(BrokenDisk, SaysThatPagesOfGarbageAreCorruptAndLeavesThem) {
  write_a_good_file();
  auto bytes = content();
  bytes.replace(4096, 8192, std::string(8192, '\xee'));
  fill(bytes);

  EXPECT_THAT(complaint(), HasSubstr("it is corrupt"));
  EXPECT_EQ(content(), bytes);
}

TEST_F(BrokenDisk, WritesNothingMoreToAFileThatItCouldNotRecover) {
  write_a_good_file();
  auto bytes = content();
  bytes.replace(bytes.find("the-event-of-two"), 9, "tHe-event");
  fill(bytes);
  {
    auto journal = SqliteJournal::open(path);
    ASSERT_TRUE(journal) << journal.error().text;
    ASSERT_FALSE((*journal)->recover());

    EXPECT_FALSE((*journal)->append({EventIndex(3), "x"}, {}, Durability::synced));
    EXPECT_FALSE((*journal)->save_snapshot(EventIndex(9), "x"));
  }
  EXPECT_EQ(content(), bytes);
}

TEST_F(BrokenDisk, SaysThatAnEventIsMissing) {
  write_a_good_file();
  change_by_sql("UPDATE event SET event = 3");

  EXPECT_THAT(complaint(), HasSubstr("event 2 is missing"));
}

TEST_F(BrokenDisk, RefusesTheFileOfANewerUpbeatAndLeavesIt) {
  write_a_good_file();
  change_by_sql("PRAGMA user_version = 7");
  const auto bytes = content();

  EXPECT_THAT(complaint(), HasSubstr("a newer Upbeat wrote it (layout 7, this one knows 1); "
                                     "install the newer version again, or move it away"));
  EXPECT_EQ(content(), bytes);
}

TEST_F(BrokenDisk, RefusesTheDatabaseOfAnotherProgramAndLeavesIt) {
  change_by_sql("CREATE TABLE theirs (x)");
  const auto bytes = content();

  EXPECT_THAT(complaint(), HasSubstr("it is the database of another program"));
  EXPECT_EQ(content(), bytes);
}

TEST_F(BrokenDisk, NamesADirectoryThatIsNotThere) {
  path = directory + "/missing/state.db";

  EXPECT_THAT(complaint(), HasSubstr("its directory is not there; make it with 'mkdir -p " +
                                     directory + "/missing'"));
}

TEST_F(BrokenDisk, SaysWhatStandsInTheWayWhenThePathIsADirectory) {
  path = directory;

  EXPECT_THAT(complaint(), HasSubstr(directory + ": Is a directory"));
}

TEST_F(BrokenDisk, SaysThatItMayNotReadTheFile) {
  write_a_good_file();
  ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  ASSERT_EQ(::chmod(directory.c_str(), 0755), 0);

  // Root may read anything, so look at the file with the rights of nobody. For anyone else the
  // call changes nothing, and its mode is enough.
  ::setfsuid(65534);
  const auto said = complaint();
  ::setfsuid(::geteuid());

  EXPECT_THAT(said, HasSubstr(path + ": Permission denied; check"));
}

TEST_F(BrokenDisk, SaysThatAnotherProgramHoldsTheFile) {
  write_a_good_file();
  auto journal = SqliteJournal::open(path);
  ASSERT_TRUE(journal);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);

  const auto held = (*journal)->append({EventIndex(3), "x"}, {}, Durability::synced);
  sqlite3_close(other);
  const auto free = (*journal)->append({EventIndex(3), "x"}, {}, Durability::synced);

  ASSERT_FALSE(held);
  EXPECT_THAT(held.error().text, HasSubstr("another program holds it"));
  EXPECT_TRUE(free) << free.error().text;
}

TEST_F(BrokenDisk, KeepsTheFileFromOtherUsers) {
  write_a_good_file();

  struct stat found{};
  ASSERT_EQ(::stat(path.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
}

/// A file system of 1 MiB, seen by this test's process alone.
class FullDisk : public BrokenDisk {
 protected:
  FullDisk() {
    const int own = ::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
    if (::unshare(own) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", directory.c_str(), "tmpfs", 0, "size=1m") != 0) {
      throw std::runtime_error(std::string("cannot mount a small tmpfs: ") + std::strerror(errno));
    }
  }
  ~FullDisk() override { ::umount2(directory.c_str(), MNT_DETACH); }
};

TEST_F(FullDisk, SaysSoLosesNothingAndGoesOnWhenThereIsSpaceAgain) {
  write_a_good_file();
  auto journal = SqliteJournal::open(path);
  ASSERT_TRUE(journal) << journal.error().text;
  std::ofstream(directory + "/ballast") << std::string(2U << 20U, 'x');

  const auto full =
      (*journal)->append({EventIndex(3), std::string(100'000, 'e')}, {}, Durability::synced);
  const auto snapshot = (*journal)->save_snapshot(EventIndex(3), std::string(100'000, 'n'));
  const auto kept = (*journal)->recover();
  std::filesystem::remove(directory + "/ballast");
  const auto after = (*journal)->append({EventIndex(3), "x"}, {}, Durability::synced);

  ASSERT_FALSE(full);
  EXPECT_THAT(full.error().text, HasSubstr("there is no space left on its disk; free some space"));
  EXPECT_FALSE(snapshot);
  ASSERT_TRUE(kept) << kept.error().text;
  EXPECT_EQ(kept->snapshot_index, EventIndex(1));
  EXPECT_EQ(kept->events.size(), 1U);
  EXPECT_TRUE(after) << after.error().text;
}

TEST_F(FullDisk, SaysSoWhenEvenANewFileDoesNotFit) {
  std::ofstream(directory + "/ballast") << std::string(2U << 20U, 'x');

  EXPECT_THAT(complaint(), HasSubstr("there is no space left on its disk"));
}

TEST(BrokenMemoryDisk, FailsAsItIsToldAndLosesNothing) {
  MemoryJournal journal;
  ASSERT_TRUE(journal.append({EventIndex(1), "x"}, {}, Durability::relaxed));

  journal.break_disk(DiskFault::full);
  EXPECT_FALSE(journal.append({EventIndex(2), "x"}, {}, Durability::relaxed));
  EXPECT_FALSE(journal.save_snapshot(EventIndex(1), "x"));
  EXPECT_TRUE(journal.recover());
  journal.break_disk(DiskFault::unreadable);
  EXPECT_FALSE(journal.recover());
  EXPECT_FALSE(journal.history(EventIndex(0), 1, ""));
  journal.break_disk(DiskFault::corrupt);
  EXPECT_FALSE(journal.recover());
  EXPECT_FALSE(journal.save_snapshot(EventIndex(1), "x"));
  journal.break_disk(DiskFault::none);

  EXPECT_EQ(journal.recover()->events.size(), 1U);
}

}  // namespace
}  // namespace upbeat
