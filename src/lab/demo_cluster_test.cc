// SPDX-License-Identifier: Apache-2.0
// What upbeat prints is understood, and a cluster that is still busy is not called calm.
#include "lab/demo_cluster.h"

#include <gtest/gtest.h>

namespace upbeat::lab {
namespace {

constexpr const char* status = R"({
  "daemon": {"self": "node1", "trouble": null, "alarms": []},
  "cluster": {"quorate": true, "epoch": 3, "index": 90, "now_ms": 1, "coordinator": "node1"},
  "nodes": [{"name": "node0", "id": 1, "standing": "draining", "guests": 1},
            {"name": "node1", "id": 2, "standing": "online", "guests": 1}],
  "vms": [{"name": "x0", "phase": "migrating", "node": "node0", "to": "node1"},
          {"name": "x1", "phase": "running", "node": "node1"},
          {"name": "x2", "phase": "waiting", "node": null}]})";

ClusterSeen calm() {
  return {.quorate = true,
          .trouble = "",
          .nodes = {{"node0", {"online", 1}}, {"node1", {"online", 1}}},
          .vms = {{"x0", {"running", "node0"}}, {"x1", {"running", "node1"}}}};
}

TEST(DemoCluster, ReadsTheStatus) {
  const auto seen = parse_cluster(status);

  ASSERT_TRUE(seen) << seen.error().text;
  EXPECT_TRUE(seen->quorate);
  EXPECT_EQ(seen->nodes.at("node0"), (ClusterNode{"draining", 1}));
  EXPECT_EQ(seen->vms.at("x0"), (ClusterVm{"migrating", "node0"}));
  EXPECT_EQ(seen->vms.at("x2"), (ClusterVm{"waiting", ""}));
}

TEST(DemoCluster, RefusesWhatIsNoStatus) {
  EXPECT_FALSE(parse_cluster(""));
  EXPECT_FALSE(parse_cluster("{}"));
  EXPECT_FALSE(parse_cluster("upbeat: no daemon"));
}

TEST(DemoCluster, IsCalmWhenEveryNodeIsOnlineAndEveryVmRuns) { EXPECT_EQ(unrest(calm(), {}), ""); }

TEST(DemoCluster, SaysWhatKeepsTheClusterBusy) {
  auto seen = calm();
  seen.vms["x1"].phase = "migrating";
  EXPECT_EQ(unrest(seen, {}), "x1 is migrating");
  seen.nodes["node1"].standing = "joining";
  EXPECT_EQ(unrest(seen, {}), "node1 is joining");
  seen.quorate = false;
  EXPECT_EQ(unrest(seen, {}), "no quorum");
  seen.trouble = "frozen";
  EXPECT_EQ(unrest(seen, {}), "frozen");
}

TEST(DemoCluster, ANodeThatIsAwayMayBeAnythingButAHost) {
  auto seen = calm();
  seen.nodes["node0"].standing = "left";
  EXPECT_EQ(unrest(seen, {"node0"}), "node0 may still run 1 VMs");
  seen.nodes["node0"].guests = 0;
  EXPECT_EQ(unrest(seen, {"node0"}), "");
}

TEST(DemoCluster, ReadsHistory) {
  const auto history = parse_history(
      R"({"events": [{"index": 4, "wall_ms": 1700000000123, "subject": "x0", "text": "t"}]})");

  ASSERT_TRUE(history) << history.error().text;
  EXPECT_EQ(*history, (std::vector<HistoryEvent>{{4, 1700000000123, "x0", "t"}}));
  EXPECT_FALSE(parse_history(""));
  EXPECT_FALSE(parse_history("[]"));
}

TEST(DemoCluster, FindsWhatHappenedSinceTheStrikeAndNotBefore) {
  const std::vector<HistoryEvent> history{{1, 100, "node1", "was lost: it is gone"},
                                          {2, 300, "node1", "was lost: it is gone"},
                                          {3, 400, "node1", "was proved off: outlet 2"}};

  EXPECT_EQ(find_event(history, "node1", "was lost", 200)->wall_ms, 300);
  EXPECT_EQ(find_event(history, "node1", "was proved off", 200)->wall_ms, 400);
  EXPECT_EQ(find_event(history, "node2", "was lost", 0), nullptr);
}

TEST(DemoCluster, ReadsWhatTheHypervisorPaused) {
  const std::vector<HistoryEvent> history{
      {1, 100, "x0", "moved live from node0 to node1 in 900 ms, paused for 99 ms"},
      {2, 300, "x0", "moved live from node1 to node2 in 850 ms, paused for 12 ms"}};

  EXPECT_EQ(told_downtime_ms(history, "x0", 200), 12.0);
  EXPECT_EQ(told_downtime_ms(history, "x0", 0), 99.0);
  EXPECT_FALSE(told_downtime_ms(history, "x1", 0));
}

}  // namespace
}  // namespace upbeat::lab
