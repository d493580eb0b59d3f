// SPDX-License-Identifier: Apache-2.0
// Migrations, boots and repairs are no crime; two guests of one name are, however they came about.
#include "lab/demo_judge.h"

#include <gtest/gtest.h>

namespace upbeat::lab {
namespace {

using namespace std::chrono_literals;

using Span = std::chrono::nanoseconds;

/// A world of QEMU processes in which time passes in samples of 100 ms.
class World {
 public:
  QemuSeen& start(pid_t pid, const std::string& node, Origin origin) {
    processes_[pid] = {
        .vm = "x0", .node = node, .pid = pid, .start_ticks = ++ticks_, .origin = origin};
    return processes_[pid];
  }
  void end(pid_t pid) { processes_.erase(pid); }
  /// `times` samples in which the guest is executed by the processes named.
  void pass(int times, const std::vector<pid_t>& executing) {
    for (; times > 0; --times) {
      for (const auto pid : executing) processes_[pid].guest_cpu += 30ms;
      now_ += 100ms;
      std::vector<QemuSeen> seen;
      for (auto& [pid, one] : processes_) {
        one.read_from = now_;
        one.read_to = now_ + 1ms;
        seen.push_back(one);
      }
      judge_.sample(seen);
    }
  }
  [[nodiscard]] const std::vector<Twice>& twice() const { return judge_.twice(); }

 private:
  RunJudge judge_;
  RunJudge::Instant now_{1000s};
  std::uint64_t ticks_ = 0;
  std::map<pid_t, QemuSeen> processes_;
};

TEST(RunJudge, ALiveMigrationIsNoSecondStart) {
  World world;
  world.start(1, "node0", Origin::booted);
  world.pass(10, {1});
  world.start(2, "node1", Origin::migrated_in);
  world.pass(5, {1});     // memory is copied
  world.pass(1, {1, 2});  // the handover, within one sample
  world.pass(5, {2});     // the source is paused and about to end
  world.end(1);
  world.pass(10, {2});

  EXPECT_TRUE(world.twice().empty()) << world.twice().front().what;
}

TEST(RunJudge, AFailedMigrationThatGoesOnAtTheSourceIsNoSecondStart) {
  World world;
  world.start(1, "node0", Origin::booted);
  world.start(2, "node1", Origin::migrated_in);
  world.pass(5, {1});
  world.pass(3, {});
  world.pass(3, {1});
  world.end(2);
  world.pass(3, {1});

  EXPECT_TRUE(world.twice().empty()) << world.twice().front().what;
}

TEST(RunJudge, ABootAfterTheFirstOneIsGoneIsNoSecondStart) {
  World world;
  world.start(1, "node0", Origin::booted);
  world.pass(5, {1});
  world.end(1);
  world.pass(1, {});
  world.start(2, "node1", Origin::booted);
  world.pass(5, {2});

  EXPECT_TRUE(world.twice().empty()) << world.twice().front().what;
}

TEST(RunJudge, ABootBesideALivingProcessIsASecondStartEvenIfThatOneIsPaused) {
  World world;
  world.start(1, "node0", Origin::booted);
  world.pass(5, {1});
  world.pass(5, {});
  world.start(2, "node1", Origin::booted);
  world.pass(5, {2});

  ASSERT_EQ(world.twice().size(), 1U);
  EXPECT_EQ(world.twice()[0].what,
            "x0: QEMU 2 on node1 (booted it) was started beside QEMU 1 on node0 (booted it)");
}

TEST(RunJudge, ASourceThatRunsOnAfterItsGuestHasLeftIsASecondStart) {
  World world;
  world.start(1, "node0", Origin::booted);
  world.pass(5, {1});
  world.start(2, "node1", Origin::migrated_in);
  world.pass(3, {1});
  world.pass(3, {1, 2});

  ASSERT_EQ(world.twice().size(), 1U);
  EXPECT_NE(world.twice()[0].what.find("in turns with"), std::string::npos);
}

TEST(RunJudge, AGuestThatIsAlmostIdleIsSeenToExecuteAllTheSame) {
  World world;
  auto& source = world.start(1, "node0", Origin::booted);
  world.pass(5, {1});
  auto& target = world.start(2, "node1", Origin::migrated_in);
  for (int sample = 0; sample < 100; ++sample) {
    source.guest_cpu += 1ms;
    target.guest_cpu += 1ms;
    world.pass(1, {});
  }

  EXPECT_EQ(world.twice().size(), 1U);
}

TEST(RunJudge, ASourceThatNeverEndsIsASecondStart) {
  World world;
  world.start(1, "node0", Origin::booted);
  world.pass(5, {1});
  world.start(2, "node1", Origin::migrated_in);
  world.pass(5, {1});
  world.pass(95, {2});
  EXPECT_TRUE(world.twice().empty());

  world.pass(20, {2});

  EXPECT_EQ(world.twice().size(), 1U);
}

TEST(RunJudge, TheLittleWorkOfSettingUpAndTakingDownIsNoExecution) {
  World world;
  world.start(1, "node0", Origin::booted);
  world.pass(5, {1});
  world.start(2, "node1", Origin::migrated_in).guest_cpu = 1ms;
  world.pass(5, {1});
  world.pass(5, {2});

  EXPECT_TRUE(world.twice().empty()) << world.twice().front().what;
}

TEST(RunJudge, AHandoverBetweenTheReadingsOfOneSampleIsNoSecondStart) {
  // The source is read, pauses, and the target executes before it is read: the source's last
  // execution is seen in the next sample only, the target's first one in this.
  const RunJudge::Instant begin{1000s};
  QemuSeen source{.vm = "x0", .node = "node0", .pid = 1, .start_ticks = 1};
  QemuSeen target{.vm = "x0", .node = "node1", .pid = 2, .start_ticks = 2};
  target.origin = Origin::migrated_in;
  RunJudge judge;
  const auto sample = [&](Span source_at, Span target_at) {
    source.read_from = source.read_to = begin + source_at;
    target.read_from = target.read_to = begin + target_at;
    judge.sample({source, target});
  };

  sample(0ms, 500ms);
  source.guest_cpu += 30ms;
  target.guest_cpu += 30ms;
  sample(1000ms, 1500ms);
  source.guest_cpu += 30ms;
  target.guest_cpu += 30ms;
  sample(2000ms, 2500ms);

  EXPECT_TRUE(judge.twice().empty()) << judge.twice().front().what;
}

TEST(RunJudge, TwoBootsSeenInTheSameSampleAreASecondStart) {
  World world;
  world.start(1, "node0", Origin::booted);
  world.start(2, "node1", Origin::booted);
  world.pass(1, {1, 2});

  EXPECT_EQ(world.twice().size(), 1U);
}

}  // namespace
}  // namespace upbeat::lab
