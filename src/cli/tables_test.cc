// SPDX-License-Identifier: Apache-2.0
// What `upbeat status` prints of a status, against golden text.
#include "cli/tables.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace upbeat::cli {
namespace {

namespace json = boost::json;

TEST(StatusText, PrintsAnythingElseThanItShould) {
  const json::value status = json::parse(R"({
    "daemon": {"self": "node0", "trouble": null, "alarms": ["the disk is full"]},
    "cluster": {"quorate": true, "epoch": 4, "index": 99, "now_ms": 60000, "coordinator": "node1"},
    "nodes": [
      {"name": "node0", "standing": "draining", "capacity_mib": 896, "free_mib": 384, "guests": 2,
       "outlook": {"empties_in_ms": 41000, "stranded": []},
       "drain": {"cause": "operator", "why": "new fan", "since_ms": 48000}, "foreign": []},
      {"name": "node1", "standing": "online", "capacity_mib": 896, "free_mib": 640, "guests": 1,
       "outlook": {"empties_in_ms": null, "stranded": [
         {"vm": "x3", "why": "x3 needs 512 MiB: node0 has 384 MiB free"}, {"vm": "x4", "why": "so"}]},
       "foreign": [{"name": "mine", "memory_mib": 1}]},
      {"name": "node2", "standing": "lost", "since_ms": 57000, "capacity_mib": 896, "free_mib": 896,
       "guests": 0, "foreign": [],
       "fencing": {"by": "node1", "failures": 2, "last_error": "no answer"}}],
    "vms": [
      {"name": "x0", "phase": "migrating", "node": "node0", "from": "node0", "to": "node1",
       "memory_mib": 256, "priority": 0, "wanted": "running",
       "progress": {"memory_total_mib": 256, "memory_left_mib": 64, "rate_mib_per_s": 200,
                    "dirty_mib_per_s": 1, "percent": 75, "expected_ms": 320}},
      {"name": "x1", "phase": "waiting", "memory_mib": 2048, "priority": 10, "wanted": "running",
       "waits_for": "x1 needs 2048 MiB", "last_error": "old"}]})");

  EXPECT_EQ(status_text(status, Colours::none),
            R"(Cluster: quorate, view 4, node1 coordinates, seen from node0
Alarm: the disk is full

NODE   STATE     VMS     FREE       OF  EMPTIES IN  NOTE
node0  draining    2  384 MiB  896 MiB        41 s  drain asked for (new fan), since 12 s
node1  online      1  640 MiB  896 MiB          no  not Upbeat's: mine; cannot be emptied: x3 needs 512 MiB: node0 has 384 MiB free (and 1 more)
node2  lost        0  896 MiB  896 MiB              for 3.0 s; node1 proves it off; proving it off failed 2 times: no answer

VM  STATE      NODE              MEMORY  PRIORITY  NOTE
x0  migrating  node0 -> node1   256 MiB         0  75 %, 320 ms to go
x1  waiting                    2048 MiB        10  x1 needs 2048 MiB
)");
}

TEST(StatusText, LetsControlCharactersReachTheTerminal) {
  const json::value status = json::parse(R"({
    "daemon": {"alarms": ["a\u001b[31m"]},
    "vms": [{"name": "x0", "phase": "stopped", "waits_for": "first line\nsecond"}]})");

  const std::string text = status_text(status, Colours::none);

  EXPECT_TRUE(text.contains("Alarm: a [31m\n")) << text;
  EXPECT_TRUE(text.contains("first line second\n")) << text;
}

TEST(StatusText, MeasuresTimeBetweenAbsurdMoments) {
  const json::value status = json::parse(R"({
    "cluster": {"now_ms": 9223372036854775807},
    "nodes": [{"name": "n", "standing": "lost", "since_ms": -9223372036854775808}]})");

  EXPECT_TRUE(nodes_text(status, Colours::none).contains("for 0 ms"));
}

TEST(StatusText, HidesHowLongANodeHasThatMustGoDown) {
  const json::value status = json::parse(R"({
    "cluster": {"now_ms": 20000},
    "nodes": [{"name": "n", "standing": "draining", "drain": {"cause": "shutdown",
               "why": "reboot", "since_ms": 10000, "ends_ms": 610000}}]})");

  const std::string text = nodes_text(status, Colours::none);
  EXPECT_TRUE(text.contains("for shutdown (reboot), since 10 s, goes down within 9 min")) << text;
}

TEST(StatusText, StumblesOverAnEmptyCluster) {
  EXPECT_EQ(status_text(json::parse(R"({"daemon": {"trouble": "no Corosync here"},
      "cluster": {"quorate": false, "epoch": 0, "coordinator": null}, "nodes": [], "vms": []})"),
                        Colours::none),
            "Cluster: no quorum here, view 0\n"
            "Trouble: no Corosync here\n\n"
            "No nodes: the cluster has not met yet.\n\n"
            "No VMs: `upbeat vm define FILE` defines one.\n");
}

TEST(StatusText, StumblesOverAnAnswerOfAnotherShape) {
  for (const char* odd : {"null", "[]", "{}", R"({"nodes": 3, "vms": [1, null]})"})
    EXPECT_FALSE(status_text(json::parse(odd), Colours::ansi).empty()) << odd;
}

TEST(ProgressText, DrawsAnotherBar) {
  EXPECT_EQ(progress_text(json::parse(R"({"memory_left_mib": 128, "rate_mib_per_s": 200,
      "dirty_mib_per_s": 0, "percent": 50, "expected_ms": 640})")),
            "[#####-----]  50 %  128 MiB left  200 MiB/s  640 ms to go");
  EXPECT_EQ(progress_text(json::parse(R"({"memory_left_mib": 128, "rate_mib_per_s": 200,
      "dirty_mib_per_s": 300, "percent": 120, "expected_ms": null})")),
            "[##########] 100 %  128 MiB left  200 MiB/s  no end in sight");
}

}  // namespace
}  // namespace upbeat::cli
