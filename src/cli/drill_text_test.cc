// SPDX-License-Identifier: Apache-2.0
// A drill as people read it.
#include "cli/drill_text.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace upbeat::cli {
namespace {

namespace json = boost::json;

const json::value drill = json::parse(R"JSON({
  "drill": 1, "begun_wall_ms": 2, "running": false,
  "nodes": [
    {"name": "node1", "standing": "online", "answer": "answered", "trouble": null, "watchdog_ms": 10000,
     "alarms": [], "empties_in_ms": 4200, "would_stay": [], "would_be_down": [],
     "fencing": [{"by": "node2", "device": "strip", "level": 1, "plug": "1", "outlet": "on", "trouble": null},
                 {"by": "node3", "device": "strip", "level": 1, "plug": "1", "outlet": "off", "trouble": null}],
     "ways": [{"from": "node2", "hypervisor": "QEMU 7.2.15", "trouble": null}]},
    {"name": "node2", "standing": "lost", "answer": "silent", "trouble": "it is not online", "watchdog_ms": 0,
     "alarms": [], "empties_in_ms": null, "would_stay": [], "would_be_down": [],
     "fencing": [{"by": "node1", "device": "strip", "level": 1, "plug": "2", "outlet": "off", "trouble": null}],
     "ways": []}],
  "findings": [{"flaw": "proved-off-alive", "node": "node1", "text": "strip (plug 1) says that node1 is OFF"},
               {"flaw": "silent", "node": "node2", "text": "node2 was not tested: it is not online"}]
})JSON");

TEST(DrillText, HasARowForEachNodeAndTheWorstFirst) {
  EXPECT_EQ(drill_text(drill, Colours::none),
            "NODE   STATE   TESTED  FENCED BY  WATCHDOG  REACHED BY  EMPTIES IN  IF IT DIES\n"
            "node1  online  yes        1 of 2      10 s      1 of 1       4.2 s    all boot\n"
            "node2  lost    no         1 of 1      none           -           -           -\n"
            "\n"
            "What would fail on the day, worst first:\n"
            "  1. DANGER: strip (plug 1) says that node1 is OFF\n"
            "  2. node2 was not tested: it is not online\n");
}

TEST(DrillText, SaysThatNothingWouldFail) {
  json::value good = drill;
  good.as_object()["findings"] = json::array{};

  EXPECT_TRUE(drill_text(good, Colours::none).ends_with("\nNothing would fail on the day.\n"));
}

TEST(DrillText, TellsWhoIsAskedNow) {
  json::value under_way = drill;
  for (auto& node : under_way.as_object()["nodes"].as_array()) {
    node.as_object()["answer"] = "waiting";
  }

  EXPECT_EQ(drill_progress(drill),
            (std::vector<std::string>{"  node1 answered", "  node2 silent"}));
  EXPECT_EQ(drill_progress(under_way),
            (std::vector<std::string>{"  node1 is asked", "  node2 is to be asked"}));
}

}  // namespace
}  // namespace upbeat::cli
