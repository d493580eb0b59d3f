// SPDX-License-Identifier: Apache-2.0
// Members of two releases: nothing is ordered that one of them does not know.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/run.h"
#include "sim/world.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class Releases : public testing::Test, public WorldWatcher {
 protected:
  void begin(std::uint32_t old_nodes) {
    Scenario scenario = test_bed(4, 4);
    for (std::uint32_t i = 0; i < old_nodes; ++i) scenario.nodes[i].format = wire_format - 1;
    world = std::make_unique<World>(scenario);
    world->watch(*this);
  }
  void on_log(const LogEntry& entry) override { log += entry.text + "\n"; }
  void ask_for_a_rule() {
    world->ask(
        RuleDefined{
            {.name = RuleId("apart"), .kind = RuleKind::apart, .vms = {VmId("x0"), VmId("x1")}}},
        "rule");
    world->pass(2s);
  }
  void upgrade(const std::string& node, std::uint32_t format = wire_format) {
    auto& machine = world->machine(node);
    machine.set_release({.name = "other", .format = format});
    machine.kill_daemon();
    machine.start_daemon();
    world->pass(20s);
  }
  Node& at(const std::string& node) { return *world->machine(node).node(); }

  std::unique_ptr<World> world;
  std::string log;
};

TEST_F(Releases, ARequestThatOneOfThemDoesNotKnowIsRefusedAndNamesIt) {
  begin(1);

  ask_for_a_rule();

  EXPECT_THAT(log, HasSubstr("refused: cannot do that yet: upbeatd on node0 is of release 0.0.9, "
                             "which does not know it; upgrade Upbeat there first"));
  for (const auto* node : {"node0", "node1", "node2", "node3"}) EXPECT_TRUE(at(node).in_step());
}

TEST_F(Releases, TheRequestIsGrantedOnceAllAreUpgraded) {
  begin(2);
  upgrade("node0");
  ask_for_a_rule();
  EXPECT_THAT(log, HasSubstr("upbeatd on node1 is of release 0.0.9"));
  upgrade("node1");

  ask_for_a_rule();

  EXPECT_THAT(log, HasSubstr("rule: granted"));
}

TEST_F(Releases, ADaemonTooOldForTheStateIsAsGoodAsAway) {
  begin(0);
  ask_for_a_rule();

  upgrade("node0", wire_format - 1);

  // Its disk holds the new state already, so it does not even start.
  EXPECT_EQ(world->machine("node0").node(), nullptr);
  EXPECT_THAT(log, HasSubstr("upgrade Upbeat on this node"));
}

TEST_F(Releases, ADaemonTooOldForTheOthersStateStaysOutAndTheySeeItSo) {
  begin(1);
  world->machine("node0").kill_daemon();
  world->pass(10s);
  ask_for_a_rule();
  EXPECT_THAT(log, HasSubstr("rule: granted"));
  world->machine("node0").start_daemon();
  world->pass(20s);

  EXPECT_FALSE(at("node0").in_step());
  EXPECT_THAT(at("node0").trouble(), HasSubstr("that of a newer release"));
  EXPECT_EQ(online(at("node1").state(), world->id_of("node0"))->incarnation, 0U);
  EXPECT_NE(coordinator(at("node1").state()), world->id_of("node0"));

  upgrade("node0");
  EXPECT_TRUE(at("node0").in_step()) << at("node0").trouble();
}

TEST_F(Releases, WatchdogsArePromisedOnceAllKnowThem) {
  Scenario scenario = test_bed(3, 3);
  for (auto& node : scenario.nodes) node.watchdog = 10s;
  scenario.nodes[2].format = wire_format - 1;
  world = std::make_unique<World>(scenario);
  world->pass(30s);
  EXPECT_EQ(at("node0").state().nodes.at(NodeId(1)).watchdog, 0ms);

  upgrade("node2");

  for (const auto& [id, node] : at("node0").state().nodes) EXPECT_EQ(node.watchdog, 10s);
}

}  // namespace
}  // namespace upbeat
