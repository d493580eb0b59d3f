// SPDX-License-Identifier: Apache-2.0
// What would happen, as it is read.
#include "cli/what_if_text.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace upbeat::cli {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

/// One of each fate, after the loss of node2.
WhatIf everything() {
  WhatIf story{.commands = {"power node2 cut"}, .quorate = true, .nodes_on = 3, .nodes_all = 4};
  story.length = 7100ms;
  story.guests = {
      {.vm = VmId("a"),
       .fate = Fate::moved,
       .from = "node1",
       .to = "node3",
       .away = 40ms,
       .done = 1s},
      {.vm = VmId("b"),
       .fate = Fate::restarted,
       .from = "node2",
       .to = "node1",
       .away = 7100ms,
       .done = 7100ms},
      {.vm = VmId("c"),
       .priority = -1,
       .fate = Fate::down,
       .from = "node2",
       .away = 90s,
       .why = "node1 has 128 MiB free"},
      {.vm = VmId("d"),
       .priority = 5,
       .fate = Fate::down,
       .from = "node2",
       .away = 90s,
       .why = "node3 has none"},
      {.vm = VmId("e"), .fate = Fate::started, .to = "node4", .done = 2s},
      {.vm = VmId("f"), .fate = Fate::stuck, .from = "node1", .to = "node1", .why = "no room"},
      {.vm = VmId("g"), .fate = Fate::stopped, .from = "node1", .done = 3s}};
  story.nodes = {{.name = "node2",
                  .before = "online",
                  .after = "off",
                  .proved_off = 2700ms,
                  .proof = "its fence device says so"},
                 {.name = "node3", .before = "online", .after = "drained"},
                 {.name = "node4", .before = "online", .after = "online"}};
  return story;
}

TEST(WhatIfText, DoesNotBeginWithTheWorst) {
  EXPECT_TRUE(what_if_text(everything(), Colours::none)
                  .starts_with("VM  FROM   TO     HOW         OUT FOR\n"
                               "d   node2  -      down       for good\n"
                               "c   node2  -      down       for good\n"
                               "f   node1  node1  stuck             -\n"
                               "g   node1  -      stopped           -\n"
                               "b   node2  node1  restarted     7.1 s\n"
                               "e   -      node4  started           -\n"
                               "a   node1  node3  live          40 ms\n"))
      << what_if_text(everything(), Colours::none);
}

TEST(WhatIfText, LacksASentence) {
  const auto text = what_if_text(everything(), Colours::none);
  for (const char* part :
       {"\nd would stay down: node3 has none.\nc would stay down: node1 has 128 MiB free.\n",
        "\nf would stay on node1: no room.\n",
        "\nVMs: 2 down, 1 stuck, 1 stopped, 1 restarted, 1 started, 1 live; all is done after 7.1 "
        "s.\n",
        "\nNodes: node2 is proved off after 2.7 s; node3: online -> drained; node4 goes and comes "
        "back.\n",
        "\nQuorum: kept, 3 of 4 nodes are on.\n", "\nAssumed: migrations copy 390 MiB/s",
        "Nothing was changed.\n"}) {
    EXPECT_TRUE(text.contains(part)) << part << "\nin:\n" << text;
  }
}

TEST(WhatIfText, HidesTheLossOfQuorum) {
  auto story = everything();
  story.quorate = false;
  story.quorum_lost = 300ms;
  story.nodes_on = 2;
  const auto text = what_if_text(story, Colours::none);
  EXPECT_TRUE(text.contains("\nQUORUM IS LOST after 300 ms: 2 of 4 nodes are on.")) << text;
  EXPECT_FALSE(text.contains("kept"));
  EXPECT_FALSE(text.contains("all is done")) << text;
}

TEST(WhatIfText, HidesARefusal) {
  const WhatIf story{.refused = {{"drain node1", "refused: cannot drain node1: no room"}},
                     .quorate = true};
  const auto text = what_if_text(story, Colours::none);
  EXPECT_TRUE(text.starts_with("drain node1 would be refused: cannot drain node1: no room.\n"))
      << text;
  EXPECT_TRUE(text.contains("\nNothing happens to any VM.\n")) << text;
}

TEST(WhatIfText, TellsMoreReasonsThanAnybodyReads) {
  WhatIf story{.quorate = true};
  for (int i = 0; i < 20; ++i) {
    story.guests.push_back({.vm = VmId("x" + std::to_string(i)), .fate = Fate::down, .why = "no"});
  }
  const auto text = what_if_text(story, Colours::none);
  EXPECT_TRUE(text.contains("x7 would stay down")) << text;
  EXPECT_FALSE(text.contains("x8 would stay down")) << text;
  EXPECT_TRUE(text.contains("So would 12 VMs more")) << text;
}

TEST(WhatIfText, SaysDoneOfWhatIsStillUnderWay) {
  auto story = everything();
  story.still_under_way = "x3 is migrating";
  EXPECT_TRUE(what_if_text(story, Colours::none).contains("still under way after 7.1 s: x3 is"));
}

TEST(WhatIfView, LosesSomething) {
  const auto view = boost::json::value(what_if_view(everything()));
  EXPECT_EQ(view.at("vms").as_array().size(), 7U);
  EXPECT_EQ(view.at("vms").at(1).at("away_s"), 7.1);
  EXPECT_EQ(view.at("vms").at(2).at("how"), "down");
  EXPECT_EQ(view.at("vms").at(2).at("why"), "node1 has 128 MiB free");
  EXPECT_TRUE(view.at("vms").at(2).at("to").is_null());
  EXPECT_TRUE(view.at("vms").at(2).at("away_s").is_null());
  EXPECT_EQ(view.at("nodes").at(0).at("proved_off_s"), 2.7);
  EXPECT_EQ(view.at("quorate"), true);
  EXPECT_EQ(view.at("length_s"), 7.1);
}

TEST(SplitCommands, LosesOneOrKeepsBlanks) {
  EXPECT_EQ(split_commands({"cut node1; cut node2 ;", "drain node3"}),
            (Words{"cut node1", "cut node2", "drain node3"}));
  EXPECT_EQ(split_commands({"", " ; ;", "x"}), Words{"x"});
  EXPECT_EQ(split_commands({";a;b"}), (Words{"a", "b"}));
}

}  // namespace
}  // namespace upbeat::cli
