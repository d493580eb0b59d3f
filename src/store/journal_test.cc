// SPDX-License-Identifier: Apache-2.0
// One contract for a node's disk, run against SQLite on a real file and against the twin.
#include "ports/journal.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "store/memory_journal.h"
#include "store/power_cut_disk.h"
#include "store/sqlite_journal.h"

namespace upbeat {
namespace {

/// A disk and the daemon's way to it.
struct World {
  World() = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  virtual ~World() = default;
  virtual Journal& journal() = 0;
  /// The daemon dies; its successor opens the disk anew.
  virtual void restart() = 0;
  /// The machine dies; so does what was not synced.
  virtual void lose_power() = 0;
};

class RealWorld final : public World {
 public:
  RealWorld() {
    use_power_cut_disk();
    std::string name = (std::filesystem::temp_directory_path() / "upbeat-journal-XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
    open();
  }
  ~RealWorld() override {
    journal_.reset();
    std::filesystem::remove_all(directory_);
  }
  Journal& journal() override { return *journal_; }
  void restart() override {
    journal_.reset();
    open();
  }
  void lose_power() override {
    journal_.reset();
    cut_power(directory_);
    open();
  }

 private:
  void open() {
    auto opened = SqliteJournal::open(directory_ + "/state.db");
    if (!opened) throw std::runtime_error(opened.error().text);
    journal_ = std::move(*opened);
  }

  std::string directory_;
  std::unique_ptr<Journal> journal_;
};

class MemoryWorld final : public World {
 public:
  Journal& journal() override { return journal_; }
  void restart() override {}
  void lose_power() override { journal_.cut_power(); }

 private:
  MemoryJournal journal_;
};

template <class T>
class JournalContract : public testing::Test {
 protected:
  void append(std::uint64_t index, Durability durability = Durability::relaxed,
              const std::string& subject = "x1") {
    const auto done = world.journal().append(
        {EventIndex(index), "event " + std::to_string(index)},
        {{EventIndex(index), 1000 + static_cast<WallTimeMs>(index), subject, "happened"}},
        durability);
    ASSERT_TRUE(done) << done.error().text;
  }
  Recovered recovered() {
    auto all = world.journal().recover();
    EXPECT_TRUE(all) << all.error().text;
    return all.value_or(Recovered{});
  }
  std::vector<std::uint64_t> indexes_in_history(std::uint64_t after, std::size_t limit,
                                                const std::string& subject = "") {
    auto lines = world.journal().history(EventIndex(after), limit, subject);
    EXPECT_TRUE(lines) << lines.error().text;
    std::vector<std::uint64_t> found;
    for (const auto& line : *lines) found.push_back(line.index.get());
    return found;
  }

  T world;
};

using Worlds = testing::Types<RealWorld, MemoryWorld>;
TYPED_TEST_SUITE(JournalContract, Worlds);

TYPED_TEST(JournalContract, IsEmptyOnANewNode) {
  const auto all = this->recovered();

  EXPECT_EQ(all.snapshot_index, EventIndex(0));
  EXPECT_EQ(all.snapshot, "");
  EXPECT_TRUE(all.events.empty());
}

TYPED_TEST(JournalContract, ForgetsNothingWhenTheDaemonRestarts) {
  this->append(1);
  this->append(2);

  this->world.restart();

  const auto all = this->recovered();
  ASSERT_EQ(all.events.size(), 2U);
  EXPECT_EQ(all.events[1], (JournalEvent{EventIndex(2), "event 2"}));
  this->append(3);
}

TYPED_TEST(JournalContract, KeepsBytesOfAnyValue) {
  std::string bytes;
  for (int value = 0; value < 256; ++value) bytes.push_back(static_cast<char>(value));
  const std::vector<HistoryLine> lines{{EventIndex(1), -5, "nöde", "it's \"gone\"\n"}};

  ASSERT_TRUE(this->world.journal().append({EventIndex(1), bytes}, lines, Durability::synced));
  ASSERT_TRUE(this->world.journal().append({EventIndex(2), ""}, {}, Durability::synced));
  this->world.restart();

  EXPECT_EQ(this->recovered().events,
            (std::vector<JournalEvent>{{EventIndex(1), bytes}, {EventIndex(2), ""}}));
  EXPECT_EQ(*this->world.journal().history(EventIndex(0), 10, ""), lines);
}

TYPED_TEST(JournalContract, KeepsASyncedEventAndAllBeforeItThroughAPowerCut) {
  this->append(1);
  this->append(2, Durability::synced);

  this->world.lose_power();

  EXPECT_EQ(this->recovered().events.size(), 2U);
  EXPECT_EQ(this->indexes_in_history(0, 10), (std::vector<std::uint64_t>{1, 2}));
}

TYPED_TEST(JournalContract, LosesOnlyARelaxedTailAtAPowerCut) {
  this->append(1, Durability::synced);
  this->append(2);
  this->append(3);

  this->world.lose_power();

  EXPECT_EQ(this->recovered().events.size(), 1U);
  EXPECT_EQ(this->indexes_in_history(0, 10), (std::vector<std::uint64_t>{1}));
  this->append(2);
}

TYPED_TEST(JournalContract, KeepsASnapshotThroughAPowerCutAndDropsTheEventsItHolds) {
  this->append(1);
  this->append(2);
  ASSERT_TRUE(this->world.journal().save_snapshot(EventIndex(2), "all so far"));
  this->append(3, Durability::synced);

  this->world.lose_power();

  const auto all = this->recovered();
  EXPECT_EQ(all.snapshot_index, EventIndex(2));
  EXPECT_EQ(all.snapshot, "all so far");
  EXPECT_EQ(all.events, (std::vector<JournalEvent>{{EventIndex(3), "event 3"}}));
}

TYPED_TEST(JournalContract, TakesASnapshotThatOthersSentFarAhead) {
  this->append(1);

  ASSERT_TRUE(this->world.journal().save_snapshot(EventIndex(900), "theirs"));

  this->append(901);
  EXPECT_EQ(this->recovered().events.size(), 1U);
}

TYPED_TEST(JournalContract, RefusesAnEventThatDoesNotFollow) {
  this->append(1);

  const auto gap = this->world.journal().append({EventIndex(3), "x"}, {}, Durability::synced);
  const auto again = this->world.journal().append({EventIndex(1), "x"}, {}, Durability::synced);

  ASSERT_FALSE(gap);
  EXPECT_FALSE(again);
  EXPECT_NE(gap.error().text.find("cannot write event 3"), std::string::npos) << gap.error().text;
  EXPECT_EQ(this->recovered().events.size(), 1U);
}

TYPED_TEST(JournalContract, TellsTheNewestHistoryOldestFirst) {
  for (std::uint64_t index = 1; index <= 6; ++index) {
    this->append(index, Durability::relaxed, index % 2 == 0 ? "node1" : "x1");
  }

  EXPECT_EQ(this->indexes_in_history(0, 3), (std::vector<std::uint64_t>{4, 5, 6}));
  EXPECT_EQ(this->indexes_in_history(5, 3), (std::vector<std::uint64_t>{6}));
  EXPECT_EQ(this->indexes_in_history(0, 2, "node1"), (std::vector<std::uint64_t>{4, 6}));
  EXPECT_TRUE(this->indexes_in_history(0, 9, "nobody").empty());
}

TYPED_TEST(JournalContract, KeepsHistoryWhenASnapshotComes) {
  this->append(1);

  ASSERT_TRUE(this->world.journal().save_snapshot(EventIndex(1), "all"));

  EXPECT_EQ(this->indexes_in_history(0, 10), (std::vector<std::uint64_t>{1}));
}

TYPED_TEST(JournalContract, DropsTheOldestHistoryPastTheLimit) {
  std::vector<HistoryLine> lines(history_limit_lines, {EventIndex(1), 0, "x1", "happened"});
  ASSERT_TRUE(this->world.journal().append({EventIndex(1), ""}, lines, Durability::relaxed));

  lines.assign(3, {EventIndex(2), 0, "x1", "happened"});
  ASSERT_TRUE(this->world.journal().append({EventIndex(2), ""}, lines, Durability::relaxed));

  const auto kept = this->indexes_in_history(0, 2 * history_limit_lines);
  ASSERT_EQ(kept.size(), history_limit_lines);
  EXPECT_EQ(kept[kept.size() - 4], 1U);
  EXPECT_EQ(kept[kept.size() - 3], 2U);
}

}  // namespace
}  // namespace upbeat
