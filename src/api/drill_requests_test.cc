// SPDX-License-Identifier: Apache-2.0
// What the API answers to drills.
#include "api/routes_test.h"

namespace upbeat {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

TEST_F(Routes, DoNotDrill) {
  EXPECT_EQ(ask("GET", "/v1/drill").status, 404U);

  const ApiResponse begun = ask("POST", "/v1/drill");
  const ApiResponse joined = ask("POST", "/v1/drill");
  const json::value under_way = json::parse(ask("GET", "/v1/drill").body);
  clock.advance(1s);
  const json::value over = json::parse(ask("GET", "/v1/drill").body);

  EXPECT_EQ(begun.status, 202U);
  EXPECT_EQ(begun.body, joined.body);
  EXPECT_TRUE(under_way.at("running").as_bool());
  EXPECT_EQ(under_way.at("nodes").at(0).at("answer"), "waiting");
  EXPECT_FALSE(over.at("running").as_bool());
  EXPECT_EQ(over.at("nodes").at(0).at("fencing").as_array().size(), 2U);
  EXPECT_TRUE(over.at("findings").as_array().empty()) << over;
}

TEST_F(Routes, DoNotTellWhatADrillFound) {
  service.outlets_off = {{NodeId{1}, NodeId{2}}};
  ask("POST", "/v1/drill");
  clock.advance(1s);

  const json::value drill = json::parse(ask("GET", "/v1/drill").body);

  EXPECT_EQ(drill.at("findings").at(0).at("flaw"), "proved-off-alive");
  EXPECT_EQ(drill.at("findings").at(0).at("node"), "node2");
}

TEST_F(Routes, DoNotRefuseADrillWithoutQuorum) {
  service.refusal = "cannot drill: no quorum";
  service.daemon_status.quorate = false;

  const ApiResponse refused = ask("POST", "/v1/drill");

  EXPECT_EQ(refused.status, 503U);
  EXPECT_EQ(error(refused), service.refusal);
}

TEST_F(Routes, DoNotLetAWatchdogResetItsHost) {
  EXPECT_EQ(ask("POST", "/v1/nodes/node2/watchdog-drill").status, 409U);
  EXPECT_EQ(ask("POST", "/v1/nodes/node9/watchdog-drill").status, 404U);
  service.apply(WatchdogArmed{NodeId{2}, 1, 10s});

  const ApiResponse begun = ask("POST", "/v1/nodes/node2/watchdog-drill");

  EXPECT_EQ(begun.status, 202U);
  EXPECT_EQ(json::parse(begun.body).at("within_ms"), 11500);
}

}  // namespace
}  // namespace upbeat
