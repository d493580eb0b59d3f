// SPDX-License-Identifier: Apache-2.0
// A lab's processes are found again, and nobody else's are ever ended.
#include "lab/process_record.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "lab/detached.h"
#include "lab/files.h"

namespace upbeat::lab {
namespace {

using namespace std::chrono_literals;

/// A folder that goes with the test.
struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("upbeat-lab-test-" + std::to_string(::getpid()));
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
};

Result<ProcessRecord> start_sleeper(const Folder& folder) {
  return start_detached(
      {.argv = {"sleep", "1000"}, .record = folder.path / "record", .log = folder.path / "log"});
}

TEST(ProcessRecord, ReadsAStatLineWhoseNameHoldsSpacesAndBrackets) {
  const auto stat = parse_stat(
      "4711 (a ) b (c) S 12 4711 4711 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1000 2 3");

  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->record, (ProcessRecord{4711, 987654}));
  EXPECT_EQ(stat->parent, 12);
  EXPECT_EQ(stat->state, 'S');
  EXPECT_EQ(stat->command, "a ) b (c");
}

TEST(ProcessRecord, RefusesWhatIsNoRecord) {
  for (const char* bad : {"", "x", "12", "1 5", "0 5", "-1 5"}) {
    EXPECT_FALSE(parse_record(bad)) << bad;
  }
  EXPECT_EQ(parse_record(to_text({12, 34})), (ProcessRecord{12, 34}));
}

TEST(ProcessRecord, IsWrittenByTheProcessItselfBeforeAnybodyIsTold) {
  const Folder folder;

  const auto started = start_sleeper(folder);

  ASSERT_TRUE(started) << started.error().text;
  EXPECT_EQ(read_record(folder.path / "record"), *started);
  EXPECT_TRUE(alive(*started));
  EXPECT_EQ(stat_of(started->pid)->command, "sleep");
  EXPECT_TRUE(kill_and_wait(*started, 5s));
  EXPECT_FALSE(alive(*started));
}

TEST(ProcessRecord, LeavesAnotherProcessWithTheSameNumberAlone) {
  const Folder folder;
  const auto started = start_sleeper(folder);
  ASSERT_TRUE(started) << started.error().text;
  const ProcessRecord earlier{started->pid, started->start_ticks - 1};

  EXPECT_FALSE(alive(earlier));
  send_signal(earlier, SIGKILL);
  EXPECT_TRUE(kill_and_wait(earlier, 1s));

  EXPECT_TRUE(alive(*started));
  EXPECT_TRUE(kill_and_wait(*started, 5s));
}

TEST(Detached, SaysWhyAProgramCouldNotBeStartedAndLeavesNoRecordOfIt) {
  const Folder folder;

  const auto started = start_detached(
      {.argv = {"no-such-program"}, .record = folder.path / "record", .log = folder.path / "log"});

  ASSERT_FALSE(started);
  EXPECT_NE(started.error().text.find("cannot start no-such-program"), std::string::npos);
}

TEST(Detached, WritesWhatTheProgramSaysToItsLog) {
  const Folder folder;
  const auto started = start_detached({.argv = {"sh", "-c", "echo $A; echo oops >&2"},
                                       .record = folder.path / "record",
                                       .log = folder.path / "log",
                                       .environment = {"A=hello"},
                                       .life = Life::with_starter});
  ASSERT_TRUE(started) << started.error().text;

  ::waitpid(started->pid, nullptr, 0);

  EXPECT_EQ(read_file(folder.path / "log"), "hello\noops\n");
}

TEST(Lock, IsRefusedWhileSomebodyHasItAndFreeAfterwards) {
  const Folder folder;
  {
    const auto first = Lock::take(folder.path / "lock", "the lab");
    ASSERT_TRUE(first);
    const auto second = Lock::take(folder.path / "lock", "the lab");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().text,
              "cannot change the lab: another command is at work on it; wait until it is done or "
              "stop it");
  }
  EXPECT_TRUE(Lock::take(folder.path / "lock", "the lab"));
}

TEST(WriteFile, ReplacesAFileWholeAndSetsItsMode) {
  const Folder folder;
  const auto path = folder.path / "a" / "secret";

  ASSERT_TRUE(write_file(path, "one", 0644));
  ASSERT_TRUE(write_file(path, "two", 0600));

  EXPECT_EQ(read_file(path), "two");
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_FALSE(std::filesystem::exists(path.string() + ".new"));
}

TEST(WriteFile, TakesANameWithoutAFolderForOneInTheCurrentFolder) {
  const Folder folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path);

  const auto written = write_file("out.json", "figures");
  std::filesystem::current_path(before);

  ASSERT_TRUE(written) << written.error().text;
  EXPECT_EQ(read_file(folder.path / "out.json"), "figures");
}

}  // namespace
}  // namespace upbeat::lab
