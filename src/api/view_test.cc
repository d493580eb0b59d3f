// SPDX-License-Identifier: Apache-2.0
// What the API shows of a state, against golden JSON.
#include "api/view.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace upbeat {
namespace {

namespace json = boost::json;

NodeRecord node_named(const std::string& name, std::uint64_t capacity_mib) {
  NodeRecord node;
  node.name = name;
  node.standing = Online{.incarnation = 7, .member_since = Epoch{1}, .reported = true};
  node.capacity = {.memory_kib = capacity_mib * 1024, .cores = 2};
  return node;
}

VmRecord vm_of(std::uint64_t memory_mib, Phase phase, const std::vector<std::uint32_t>& nodes) {
  VmRecord vm;
  vm.spec = {.uuid = "6f1e", .memory_kib = memory_mib * 1024, .cores = 1, .priority = 5};
  vm.spec.domain_xml = "<domain/>";
  vm.wanted = Wanted::running;
  vm.phase = std::move(phase);
  for (const std::uint32_t node : nodes) vm.may_run_on[NodeId{node}] = EventIndex{1};
  return vm;
}

State two_nodes() {
  State state;
  state.index = EventIndex{42};
  state.epoch = Epoch{3};
  state.now = ClusterTime{12'000};
  state.nodes[NodeId{1}] = node_named("node1", 896);
  state.nodes[NodeId{2}] = node_named("node2", 896);
  return state;
}

TEST(View, ShowsARunningGuestAsAnythingElseThanItIs) {
  State state = two_nodes();
  state.vms[VmId{"x0"}] = vm_of(256, Running{.on = NodeId{2}, .since = ClusterTime{9000}}, {2});

  EXPECT_EQ(vm_view(state, VmId{"x0"}), json::parse(R"({
    "name": "x0", "phase": "running", "node": "node2", "from": null, "to": null, "progress": null,
    "running_since_ms": 9000, "wanted": "running", "wants_move": false, "move_to": null,
    "priority": 5, "memory_mib": 256, "cores": 1, "uuid": "6f1e", "waits_for": null,
    "given_up": false, "alarm": null, "last_error": null, "last_move": null,
    "may_run_on": ["node2"], "home": null, "failback": null, "held_for": null})"));
}

TEST(View, LosesTheProgressOfAMigration) {
  State state = two_nodes();
  const MigrationProgressed progress{.vm = VmId{"x0"},
                                     .memory_total_kib = 262'144,
                                     .memory_left_kib = 65'537,
                                     .rate_kib_per_s = 204'800,
                                     .dirty_kib_per_s = 2'048};
  state.vms[VmId{"x0"}] =
      vm_of(256, Migrating{.from = NodeId{1}, .to = NodeId{2}, .progress = progress}, {1, 2});

  const json::object view = vm_view(state, VmId{"x0"});

  EXPECT_EQ(view.at("phase"), "migrating");
  EXPECT_EQ(view.at("node"), "node1");
  EXPECT_EQ(view.at("from"), "node1");
  EXPECT_EQ(view.at("to"), "node2");
  EXPECT_EQ(view.at("may_run_on"), json::parse(R"(["node1", "node2"])"));
  EXPECT_EQ(view.at("progress"), json::parse(R"({
    "memory_total_mib": 256, "memory_left_mib": 65, "rate_mib_per_s": 200, "dirty_mib_per_s": 2,
    "percent": 74, "expected_ms": 323})"));
}

TEST(View, PromisesAnEndToAMigrationThatFallsBehind) {
  State state = two_nodes();
  const MigrationProgressed progress{.vm = VmId{"x0"},
                                     .memory_total_kib = 1000,
                                     .memory_left_kib = 500,
                                     .rate_kib_per_s = 100,
                                     .dirty_kib_per_s = 100};
  state.vms[VmId{"x0"}] =
      vm_of(1, Migrating{.from = NodeId{1}, .to = NodeId{2}, .progress = progress}, {1, 2});

  EXPECT_TRUE(vm_view(state, VmId{"x0"}).at("progress").at("expected_ms").is_null());
}

TEST(View, HidesHowTheLastMoveWent) {
  State state = two_nodes();
  VmRecord vm = vm_of(256, Running{.on = NodeId{2}, .since = ClusterTime{9000}}, {2});
  vm.last_move = MigrationEnded{.vm = VmId{"x0"},
                                .from = NodeId{1},
                                .to = NodeId{2},
                                .success = true,
                                .total_ms = 900,
                                .downtime_ms = 12};
  state.vms[VmId{"x0"}] = vm;

  EXPECT_EQ(vm_view(state, VmId{"x0"}).at("last_move"), json::parse(R"({
    "from": "node1", "to": "node2", "success": true, "why": null, "total_ms": 900,
    "downtime_ms": 12})"));
}

TEST(View, ShowsAnAlarmWithoutWhatIsWrong) {
  State state = two_nodes();
  state.vms[VmId{"x0"}] = vm_of(256, Alarm{.what = "seen on node1 and node2"}, {1, 2});

  const json::object view = vm_view(state, VmId{"x0"});

  EXPECT_EQ(view.at("phase"), "alarm");
  EXPECT_EQ(view.at("alarm"), "seen on node1 and node2");
  EXPECT_TRUE(view.at("node").is_null());
}

TEST(View, ShowsADrainingNodeWithoutWhyAndSince) {
  State state = two_nodes();
  NodeRecord& node = state.nodes[NodeId{1}];
  node.drain = Drain{.cause = DrainCause::shutdown,
                     .why = "reboot",
                     .since = ClusterTime{11'000},
                     .deadline = Deadline{ClusterTime{11'000}, ClusterTime{611'000}}};
  node.foreign = {{.vm = VmId{"mine"}, .memory_kib = 131'072, .sighting = Sighting::running}};
  state.vms[VmId{"x0"}] = vm_of(256, Running{.on = NodeId{1}, .since = ClusterTime{1}}, {1});

  EXPECT_EQ(node_view(state, NodeId{1}), json::parse(R"({
    "name": "node1", "id": 1, "standing": "draining", "since_ms": null, "proof": null,
    "capacity_mib": 896, "free_mib": 512, "cores": 2, "guests": 1,
    "foreign": [{"name": "mine", "memory_mib": 128}],
    "outlook": {"empties_in_ms": 3383, "stranded": []},
    "drain": {"cause": "shutdown", "why": "reboot", "since_ms": 11000,
              "ends_ms": 611000}, "quarantine": null, "fencing": null,
    "watchdog_ms": 0})"));
}

TEST(View, KeepsQuietAboutAQuarantine) {
  State state = two_nodes();
  state.nodes[NodeId{1}].quarantine =
      Quarantine{.since = ClusterTime{7'000}, .why = "it was lost 3 times within 1 h"};

  EXPECT_EQ(node_view(state, NodeId{1}).at("standing"), "quarantined");
  EXPECT_EQ(node_view(state, NodeId{1}).at("quarantine"),
            json::parse(R"({"why": "it was lost 3 times within 1 h", "since_ms": 7000})"));
  EXPECT_EQ(
      status_view(state, {}).at("daemon").at("alarms"),
      json::array({"node1 is quarantined: it was lost 3 times within 1 h; `upbeat undrain node1` "
                   "ends that"}));
}

TEST(View, ShowsALostNodeWithoutItsFencing) {
  State state = two_nodes();
  NodeRecord& node = state.nodes[NodeId{1}];
  node.standing = Lost{.since = ClusterTime{10'000}};
  node.fencing = Fencing{.by = NodeId{2},
                         .since = EventIndex{40},
                         .failures = 2,
                         .next_try = ClusterTime{13'000},
                         .last_error = "no answer"};

  const json::object view = node_view(state, NodeId{1});

  EXPECT_EQ(view.at("standing"), "lost");
  EXPECT_EQ(view.at("since_ms"), 10'000);
  EXPECT_EQ(view.at("fencing"), json::parse(R"({
    "by": "node2", "failures": 2, "next_try_ms": 13000, "last_error": "no answer"})"));
}

TEST(View, ForgetsTheProofOfANodeThatIsOff) {
  State state = two_nodes();
  state.nodes[NodeId{1}].standing = ProvedOff{.proof = "anna says so"};

  EXPECT_EQ(node_view(state, NodeId{1}).at("proof"), "anna says so");
}

TEST(View, ShowsTheClusterWithoutItsCoordinatorOrTheDaemonsTrouble) {
  const State state = two_nodes();
  const DaemonStatus daemon{
      .self = NodeId{2}, .quorate = true, .trouble = "frozen", .alarms = {"the disk is full"}};

  const json::object view = status_view(state, daemon);

  EXPECT_EQ(view.at("cluster"), json::parse(R"({"quorate": true, "epoch": 3, "index": 42,
    "now_ms": 12000, "coordinator": "node1"})"));
  EXPECT_EQ(view.at("daemon"), json::parse(R"({"self": "node2", "trouble": "frozen",
    "alarms": ["the disk is full"]})"));
  EXPECT_EQ(view.at("nodes").as_array().size(), 2U);
  EXPECT_TRUE(view.at("vms").as_array().empty());
}

TEST(View, BreaksBeforeTheClusterHasMet) {
  const json::object view = status_view(State{}, DaemonStatus{});

  EXPECT_TRUE(view.at("cluster").at("coordinator").is_null());
  EXPECT_TRUE(view.at("daemon").at("self").is_null());
}

TEST(View, GivesAwayDefinitionsInListsOrForgetsThemInTheFullView) {
  State state = two_nodes();
  state.vms[VmId{"x0"}] = vm_of(256, Stopped{}, {});

  EXPECT_FALSE(vm_view(state, VmId{"x0"}).contains("domain_xml"));
  EXPECT_EQ(vm_full_view(state, VmId{"x0"}).at("domain_xml"), "<domain/>");
}

TEST(View, ShowsHistoryInAnotherOrder) {
  const std::vector<HistoryLine> lines{
      {.index = EventIndex{4}, .wall_ms = 1000, .subject = "x0", .text = "started"},
      {.index = EventIndex{5}, .wall_ms = 2000, .subject = "node1", .text = "was lost"}};

  EXPECT_EQ(json::value(history_view(lines)), json::parse(R"([
    {"index": 4, "wall_ms": 1000, "subject": "x0", "text": "started"},
    {"index": 5, "wall_ms": 2000, "subject": "node1", "text": "was lost"}])"));
}

}  // namespace
}  // namespace upbeat
