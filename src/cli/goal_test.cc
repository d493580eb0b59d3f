// SPDX-License-Identifier: Apache-2.0
// When a wait ends, and how.
#include "cli/goal.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace upbeat::cli {
namespace {

namespace json = boost::json;

json::value with_vm(const std::string& members) {
  return json::parse(R"({"nodes": [], "vms": [{"name": "x0", "wanted": "running")" + members +
                     "}]}");
}

json::value with_node(const std::string& members) {
  return json::parse(R"({"vms": [], "nodes": [{"name": "node1")" + members + "}]}");
}

const json::value nothing = json::parse(R"({"vms": [], "nodes": []})");

void expect(const Goal& goal, const json::value& status, Judgement judgement,
            const std::string& part = "") {
  const Verdict verdict = goal.judge(status);
  EXPECT_EQ(verdict.judgement, judgement) << status << ": " << verdict.text;
  EXPECT_TRUE(verdict.text.contains(part)) << verdict.text;
}

TEST(DrainGoal, EndsTooEarlyOrNever) {
  const Goal goal = drain_goal("node1");
  expect(goal, with_node(R"(, "standing": "draining", "drain": {})"), Judgement::goes_on);
  expect(goal, with_node(R"(, "standing": "drained", "drain": {})"), Judgement::done, "drained");
  expect(goal, with_node(R"(, "standing": "left", "drain": {})"), Judgement::done);
  expect(goal, with_node(R"(, "standing": "lost", "drain": {})"), Judgement::failed, "was lost");
  expect(goal, with_node(R"(, "standing": "online", "drain": null)"), Judgement::failed,
         "taken back");
  expect(goal, nothing, Judgement::failed);
}

TEST(HandoverGoal, IsReachedWhenTheHostIsEmptyOrStays) {
  const Goal goal = handover_goal("node1");
  expect(goal, with_node(R"(, "standing": "draining", "drain": {})"), Judgement::goes_on);
  expect(goal, with_node(R"(, "standing": "leaving", "drain": {})"), Judgement::done,
         "goes down: no VM is left on it");
  expect(goal, with_node(R"(, "standing": "online", "drain": null)"), Judgement::done,
         "does not go down");
  expect(goal, nothing, Judgement::failed, "there is no node node1");
}

TEST(MaintenanceGoal, EndsTooEarlyOrNever) {
  const Goal goal = maintenance_goal("node1");
  const std::string drain = R"(, "drain": {"cause": "maintenance"})";
  expect(goal, with_node(R"(, "guests": 1)" + drain), Judgement::goes_on);
  expect(goal, with_node(R"(, "guests": 0)" + drain), Judgement::done, "no VM is left on it");
  expect(goal, with_node(R"(, "guests": 1, "drain": null)"), Judgement::failed, "was ended");
  expect(goal, nothing, Judgement::failed);
}

TEST(StartGoal, EndsTooEarlyOrNever) {
  const Goal goal = start_goal("x0");
  expect(goal, with_vm(R"(, "phase": "waiting", "waits_for": "no room")"), Judgement::goes_on);
  expect(goal, with_vm(R"(, "phase": "starting")"), Judgement::goes_on);
  expect(goal, with_vm(R"(, "phase": "running", "node": "node2")"), Judgement::done,
         "x0 runs on node2");
  expect(goal, with_vm(R"(, "phase": "given-up", "waits_for": "it failed 3 times")"),
         Judgement::failed, "it failed 3 times");
  expect(goal, with_vm(R"(, "phase": "alarm", "alarm": "seen twice")"), Judgement::failed,
         "seen twice");
  expect(goal, nothing, Judgement::failed, "removed");
}

TEST(StartGoal, WaitsThoughSomebodyStoppedIt) {
  expect(start_goal("x0"),
         json::parse(R"({"vms": [{"name": "x0", "wanted": "stopped", "phase": "stopping"}]})"),
         Judgement::failed, "somebody else");
}

TEST(StopGoal, EndsTooEarlyOrNever) {
  const Goal goal = stop_goal("x0");
  const auto with = [](const std::string& phase) {
    return json::parse(R"({"vms": [{"name": "x0", "wanted": "stopped", "phase": ")" + phase +
                       R"("}]})");
  };
  expect(goal, with("running"), Judgement::goes_on);
  expect(goal, with("stopping"), Judgement::goes_on);
  expect(goal, with("stopped"), Judgement::done, "is stopped");
  expect(goal, with_vm(R"(, "phase": "running")"), Judgement::failed, "started it");
}

TEST(RemoveGoal, EndsTooEarlyOrNever) {
  expect(remove_goal("x0"), with_vm(R"(, "phase": "stopping")"), Judgement::goes_on);
  expect(remove_goal("x0"), nothing, Judgement::done, "x0 is removed");
}

TEST(MigrateGoal, EndsTooEarlyOrNever) {
  const Goal goal = migrate_goal("x0", "node1", "node2");
  expect(goal, with_vm(R"(, "phase": "running", "node": "node1", "wants_move": true)"),
         Judgement::goes_on);
  expect(goal, with_vm(R"(, "phase": "migrating", "node": "node1", "wants_move": true)"),
         Judgement::goes_on);
  expect(goal, with_vm(R"(, "phase": "unsure", "wants_move": false)"), Judgement::goes_on);
  expect(goal, with_vm(R"(, "phase": "running", "node": "node2", "wants_move": false,
                           "last_move": {"downtime_ms": 12})"),
         Judgement::done, "x0 runs on node2, paused for 12 ms");
  expect(goal, with_vm(R"(, "phase": "running", "node": "node1", "wants_move": false,
                           "last_move": {"why": "connection refused"})"),
         Judgement::failed, "connection refused");
  expect(goal, with_vm(R"(, "phase": "running", "node": "node3", "wants_move": false)"),
         Judgement::failed, "runs on node3");
  expect(goal, with_vm(R"(, "phase": "stopping", "wants_move": false)"), Judgement::failed,
         "is stopping");
}

TEST(MigrateGoal, InsistsOnANodeWhenNoneWasNamed) {
  expect(migrate_goal("x0", "node1", ""),
         with_vm(R"(, "phase": "running", "node": "node3", "wants_move": false)"), Judgement::done);
}

TEST(MigrateGoal, BlamesAnOldMoveForARefusal) {
  expect(migrate_goal("x0", "node1", ""),
         with_vm(R"(, "phase": "running", "node": "node1", "wants_move": false,
                     "waits_for": "no node has room", "last_move": {"why": "older"})"),
         Judgement::failed, "no node has room");
}

TEST(VmProgress, HidesWhatAVmDoes) {
  EXPECT_EQ(vm_progress_text(json::parse(R"({"phase": "running", "node": "node2"})")),
            "running on node2");
  EXPECT_EQ(vm_progress_text(
                json::parse(R"({"phase": "migrating", "node": "a", "to": "b", "progress": null})")),
            "a -> b  begins");
  EXPECT_EQ(vm_progress_text(json::parse(R"({"phase": "waiting", "waits_for": "no room"})")),
            "waiting, waits: no room");
}

}  // namespace
}  // namespace upbeat::cli
