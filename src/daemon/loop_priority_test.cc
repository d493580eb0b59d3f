// SPDX-License-Identifier: Apache-2.0
// The loop goes first, and nothing that it starts does.
#include "daemon/loop_priority.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

namespace upbeat {
namespace {

TEST(LoopPriority, DoesNotGoToThreadsAndProcessesThatTheLoopStarts) {
  int loop = -1;
  int thread = -1;
  int child = -1;
  Result<void> taken;

  // In a thread of its own: it cannot be given back without a right that tests may not have.
  std::thread([&] {
    taken = go_before_ordinary_work();
    loop = ::sched_getscheduler(0);
    std::thread([&] { thread = ::sched_getscheduler(0); }).join();
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(::sched_getscheduler(0));
    int status = 0;
    ::waitpid(pid, &status, 0);
    child = WEXITSTATUS(status);
  }).join();

  ASSERT_TRUE(taken) << taken.error().text;
  EXPECT_EQ(loop, SCHED_RR | SCHED_RESET_ON_FORK);
  EXPECT_EQ(thread, SCHED_OTHER);
  EXPECT_EQ(child, SCHED_OTHER);
}

}  // namespace
}  // namespace upbeat
