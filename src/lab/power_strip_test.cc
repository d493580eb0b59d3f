// SPDX-License-Identifier: Apache-2.0
// The power strip answers as the MIB and fence_apc_snmp want it, and switches what it was told to.
#include "lab/power_strip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace upbeat::lab {
namespace {

using testing::ElementsAre;
using testing::Pair;

constexpr const char* status_of_2 = ".1.3.6.1.4.1.318.1.1.12.3.5.1.1.4.2";
constexpr const char* command_of_2 = ".1.3.6.1.4.1.318.1.1.12.3.3.1.1.4.2";
constexpr const char* status_names = ".1.3.6.1.4.1.318.1.1.12.3.5.1.1.2";

/// A strip with three outlets that remembers how it was switched.
struct Strip {
  std::vector<Outlet> states{Outlet::on, Outlet::on, Outlet::on};
  std::vector<std::pair<int, Outlet>> switched;
  StripWorld world{.names = {"node0", "node1", "node2"},
                   .state = [this](int outlet) { return states.at(outlet - 1); },
                   .switch_to =
                       [this](int outlet, Outlet to) {
                         switched.emplace_back(outlet, to);
                         states.at(outlet - 1) = to;
                         return true;
                       }};
};

TEST(PowerStrip, TellsAnOutletsStateFromTheWorld) {
  Strip strip;
  EXPECT_EQ(strip_get(strip.world, status_of_2), (StripValue{status_of_2, "integer", "1"}));

  strip.states[1] = Outlet::off;

  EXPECT_EQ(strip_get(strip.world, status_of_2), (StripValue{status_of_2, "integer", "2"}));
}

TEST(PowerStrip, HasNothingOutsideItsTables) {
  Strip strip;
  for (const char* oid :
       {".1.3.6.1.4.1.318.1.1.12.3.5.1.1.4.4", ".1.3.6.1.4.1.318.1.1.12.3.5.1.1.4",
        ".1.3.6.1.4.1.318.1.1.12.3.5.1.1.4.0", "", ".", "nonsense"}) {
    EXPECT_FALSE(strip_get(strip.world, oid)) << oid;
  }
}

TEST(PowerStrip, WalksTheNamesOfItsOutletsInOrder) {
  Strip strip;
  std::vector<std::string> names;
  auto next = strip_next(strip.world, status_names);
  while (next && next->oid.starts_with(status_names)) {
    names.push_back(next->value);
    next = strip_next(strip.world, next->oid);
  }

  EXPECT_THAT(names, ElementsAre("node0", "node1", "node2"));
}

TEST(PowerStrip, WalksEveryObjectOnceAndComesToAnEnd) {
  Strip strip;
  int objects = 0;
  for (auto next = strip_next(strip.world, strip_root); next && objects < 1000; ++objects) {
    EXPECT_EQ(strip_get(strip.world, next->oid), next);
    next = strip_next(strip.world, next->oid);
  }

  EXPECT_EQ(objects, 2 * 4 * 3);  // tables, columns, outlets
}

TEST(PowerStrip, SwitchesTheOutletThatItIsToldTo) {
  Strip strip;

  EXPECT_EQ(strip_set(strip.world, command_of_2, "integer", "2"), "DONE");
  EXPECT_EQ(strip_set(strip.world, command_of_2, "integer", "1"), "DONE");

  EXPECT_THAT(strip.switched, ElementsAre(Pair(2, Outlet::off), Pair(2, Outlet::on)));
}

TEST(PowerStrip, TurnsOffAndOnForAReboot) {
  Strip strip;

  EXPECT_EQ(strip_set(strip.world, command_of_2, "integer", "3"), "DONE");

  EXPECT_THAT(strip.switched, ElementsAre(Pair(2, Outlet::off), Pair(2, Outlet::on)));
}

TEST(PowerStrip, SaysThatItCouldNotSwitchInsteadOfClaimingIt) {
  Strip strip;
  strip.world.switch_to = [](int, Outlet) { return false; };

  EXPECT_EQ(strip_set(strip.world, command_of_2, "integer", "2"), "inconsistent-value");
}

TEST(PowerStrip, SwitchesNothingForASetThatItDoesNotUnderstand) {
  Strip strip;

  EXPECT_EQ(strip_set(strip.world, status_of_2, "integer", "2"), "not-writable");
  EXPECT_EQ(strip_set(strip.world, command_of_2, "string", "2"), "wrong-type");
  EXPECT_EQ(strip_set(strip.world, command_of_2, "integer", "9"), "wrong-value");
  EXPECT_EQ(strip_set(strip.world, command_of_2, "integer", "off"), "wrong-value");
  EXPECT_EQ(strip_set(strip.world, ".1.3.6.1.4.1.318.1.1.12.3.3.1.1.4.9", "integer", "2"),
            "not-writable");
  EXPECT_THAT(strip.switched, testing::IsEmpty());
}

TEST(PowerStrip, SpeaksPassPersistUntilAnEmptyLine) {
  Strip strip;
  std::istringstream in(std::string("PING\nget\n") + status_of_2 + "\ngetnext\n" + status_names +
                        "\nset\n" + command_of_2 + "\ninteger 2\nget\n.1.2.3\nnonsense\n\nPING\n");
  std::ostringstream out;

  serve_strip(strip.world, in, out);

  EXPECT_EQ(out.str(), std::string("PONG\n") + status_of_2 + "\ninteger\n1\n" + status_names +
                           ".1\nstring\nnode0\nDONE\nNONE\nNONE\n");
}

}  // namespace
}  // namespace upbeat::lab
