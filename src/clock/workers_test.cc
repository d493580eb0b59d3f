// SPDX-License-Identifier: Apache-2.0
// Workers that block, and the way home.
#include "clock/workers.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>

#include "clock/simulated_clock.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

TEST(Workers, RefusesAJobWhenTooManyWait) {
  std::promise<void> begun;
  std::promise<void> go;
  Workers workers(1, 1);

  ASSERT_TRUE(workers.run([&, wait = go.get_future().share()] {
    begun.set_value();
    wait.wait();
  }));
  begun.get_future().wait();

  EXPECT_TRUE(workers.run([] {}));
  EXPECT_FALSE(workers.run([] {}));
  go.set_value();
}

TEST(Workers, RunsAsManyJobsAtOnceAsItHasThreads) {
  std::promise<void> first;
  std::promise<void> second;
  Workers workers(2, 8);

  ASSERT_TRUE(workers.run([&, other = second.get_future().share()] {
    first.set_value();
    other.wait();
  }));
  ASSERT_TRUE(workers.run([&, other = first.get_future().share()] {
    other.wait();
    second.set_value();
  }));
  std::promise<void> done;
  ASSERT_TRUE(workers.run([&] { done.set_value(); }));

  EXPECT_EQ(done.get_future().wait_for(10s), std::future_status::ready);
}

TEST(Workers, LeavesAThreadBehindThatHangs) {
  const auto go = std::make_shared<std::promise<void>>();
  const auto gone = std::make_shared<std::promise<void>>();
  auto workers = std::make_unique<Workers>(1, 8);
  std::promise<void> begun;
  ASSERT_TRUE(workers->run([&begun, go, gone] {
    begun.set_value();
    go->get_future().wait();
    gone->set_value();
  }));
  begun.get_future().wait();

  const auto before = std::chrono::steady_clock::now();
  workers.reset();

  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
  go->set_value();
  gone->get_future().wait();
}

TEST(Home, BringsNothingOnceItIsClosed) {
  SimulatedClock clock;
  const auto home = std::make_shared<Home>(clock);
  int brought = 0;

  home->post([&] { ++brought; });
  while (clock.step()) {
  }
  home->post([&] { ++brought; });
  home->close();
  home->post([&] { ++brought; });
  while (clock.step()) {
  }

  EXPECT_EQ(brought, 1);
}

}  // namespace
}  // namespace upbeat
