// SPDX-License-Identifier: Apache-2.0
// How a node stands, in one line.
#include "core/status_line.h"

#include <gtest/gtest.h>

#include "core/test_cluster.h"

namespace upbeat {
namespace {

using std::chrono::seconds;

TEST(StatusLine, SaysHowManyRunWhereNothingHappens) {
  TestCluster cluster({1, 2});
  EXPECT_EQ(status_line(cluster.state, NodeId(1)), "0 VMs run here");
  cluster.run("x0");
  EXPECT_EQ(status_line(cluster.state, NodeId(1)), "1 VM runs here");
  EXPECT_EQ(status_line(cluster.state, NodeId(9)), "not a member yet");
}

TEST(StatusLine, SaysWhoLeavesAndHowLongItTakes) {
  TestCluster cluster({1, 2});
  cluster.run("x0");
  cluster.endless["x0"] = MoveStep::stand_still;
  cluster.drain(1, DrainCause::shutdown, seconds(600));
  cluster.settle();
  EXPECT_EQ(
      status_line(cluster.state, NodeId(1)),
      "hands its VMs over (test): 1 is left, x0 goes to node2, some 3.3 s; it goes down within "
      "600.0 s");

  cluster.apply(MigrationProgressed{.vm = VmId("x0"),
                                    .memory_total_kib = 262'144,
                                    .memory_left_kib = 65'536,
                                    .rate_kib_per_s = 65'536});
  EXPECT_EQ(status_line(cluster.state, NodeId(1)),
            "hands its VMs over (test): 1 is left, x0 is 75 % copied to node2, some 1.0 s; it goes "
            "down within 600.0 s");

  cluster.endless.clear();
  cluster.settle();
  EXPECT_EQ(status_line(cluster.state, NodeId(1)), "hands its VMs over (test): none is left");
}

TEST(StatusLine, SaysWhoFindsNoPlace) {
  TestCluster cluster({1, 2}, 512);
  for (const auto* vm : {"x0", "x1", "x2", "x3"}) cluster.run(vm);
  cluster.drain(1, DrainCause::maintenance);
  cluster.settle();
  EXPECT_TRUE(status_line(cluster.state, NodeId(1))
                  .starts_with("hands its VMs over (test): 2 are left, but x0 needs 256 MiB: node2 "
                               "has 0 MiB free"))
      << status_line(cluster.state, NodeId(1));
}

TEST(StatusLine, TakesWhateverAnotherMemberTold) {
  TestCluster cluster({1, 2});
  cluster.run("x0");
  cluster.endless["x0"] = MoveStep::stand_still;
  cluster.drain(1);
  cluster.settle();
  cluster.apply(MigrationProgressed{
      .vm = VmId("x0"), .memory_total_kib = 7, .memory_left_kib = ~std::uint64_t{0}});
  EXPECT_TRUE(status_line(cluster.state, NodeId(1)).contains("x0 is 0 % copied"));
}

}  // namespace
}  // namespace upbeat
