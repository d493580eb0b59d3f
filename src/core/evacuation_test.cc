// SPDX-License-Identifier: Apache-2.0
// What emptying a node would be like, told before anybody asks for it.
#include "core/evacuation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/explain.h"
#include "core/test_cluster.h"

namespace upbeat {
namespace {

using std::chrono::milliseconds;
using testing::Contains;

class Outlooks : public testing::Test {
 protected:
  [[nodiscard]] Outlook of(std::uint32_t node) const {
    return outlook(cluster.state, NodeId(node));
  }
  /// The guest's next migration takes so long.
  void took(const std::string& vm, std::uint32_t total_ms) {
    cluster.state.vms.edit(VmId(vm)).last_move =
        MigrationEnded{.vm = VmId(vm), .success = true, .total_ms = total_ms};
    cluster.state.vms.settle();
  }
  TestCluster cluster{{1, 2}, 896};
};

TEST_F(Outlooks, CountOnAnOrdinaryWireBeforeAnythingHasMoved) {
  cluster.run("x0");
  // 262,144 KiB at 110,000 KiB/s, and a second.
  EXPECT_EQ(of(1).takes, milliseconds(3'383));
  EXPECT_TRUE(of(1).stranded.empty());
  EXPECT_EQ(of(2).takes, milliseconds(0));
}

TEST_F(Outlooks, TakeTheGuestsOwnLastMigrationsAndTheirPaceForTheOthers) {
  for (const auto* vm : {"x0", "x1", "x2"}) cluster.run(vm, 128);
  ASSERT_EQ(cluster.host_of("x0"), 1U);
  ASSERT_EQ(cluster.host_of("x2"), 1U);
  took("x0", 700);

  EXPECT_EQ(of(1).takes, milliseconds(700)) << "x2 is as large as x0, and made ready beside it";
  took("x2", 2'000);
  EXPECT_EQ(of(1).takes, milliseconds(1'000 + 1'000)) << "a second of both is for making ready";
}

TEST_F(Outlooks, SayWhoWouldBeLeftBehindAndWhy) {
  cluster.run("x0", 512);
  cluster.run("x1", 512);
  const auto seen = of(1);
  ASSERT_EQ(seen.stranded.size(), 1U);
  EXPECT_EQ(seen.stranded.front().vm, VmId("x0"));
  EXPECT_EQ(seen.takes, milliseconds(0));
  EXPECT_THAT(explain_node(cluster.state, NodeId(1)),
              Contains("It could not be emptied now: " + seen.stranded.front().why + "."));
}

TEST_F(Outlooks, FollowWhatIsOnItsWay) {
  cluster.run("x0");
  cluster.endless["x0"] = MoveStep::stand_still;
  cluster.drain(1);
  cluster.settle();
  cluster.apply(MigrationProgressed{.vm = VmId("x0"),
                                    .memory_total_kib = 262'144,
                                    .memory_left_kib = 50'000,
                                    .rate_kib_per_s = 100'000,
                                    .dirty_kib_per_s = 0});
  EXPECT_EQ(of(1).takes, milliseconds(500));
  EXPECT_EQ(of(2).takes, milliseconds(0)) << "it comes there, it does not leave";
  EXPECT_THAT(explain_node(cluster.state, NodeId(1)),
              Contains("It can be emptied within some 0.5 s."));
}

}  // namespace
}  // namespace upbeat
