// SPDX-License-Identifier: Apache-2.0
// What placing says and decides in a cluster of many nodes and guests.
#include "core/placement.h"

#include <gtest/gtest.h>

#include "core/test_cluster.h"

namespace upbeat {
namespace {

TEST(Placement, SaysOfFewNodesWhatIsMissingAndCountsTheOthers) {
  TestCluster cluster({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 256);
  for (int i = 0; i < 10; ++i) cluster.run("x" + std::to_string(i));
  cluster.run("late");
  EXPECT_EQ(cluster.vm("late").waits_for,
            "late needs 256 MiB: node1 has 0 MiB free; node2 has 0 MiB free; node3 has 0 MiB free; "
            "node4 has 0 MiB free; node5 has 0 MiB free; node6 has 0 MiB free; node7 has 0 MiB "
            "free; node8 has 0 MiB free; nor is there room on 2 more");
}

TEST(Decide, TakesNoMoreDecisionsAtOnceThanFitAMessageAndTheRestAfterThem) {
  const auto guests = decisions_limit + 100;
  TestCluster cluster({1, 2}, guests * 256);
  for (std::size_t i = 0; i < guests; ++i) {
    cluster.define("x" + std::to_string(i));
    cluster.want("x" + std::to_string(i));
  }
  EXPECT_EQ(decide(cluster.state).size(), decisions_limit);
  cluster.settle();
  EXPECT_TRUE(cluster.is_running("x0"));
  EXPECT_TRUE(cluster.is_running("x" + std::to_string(guests - 1)));
}

}  // namespace
}  // namespace upbeat
