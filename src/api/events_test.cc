// SPDX-License-Identifier: Apache-2.0
// The history as a stream.
#include <vector>

#include "api/routes_test.h"

namespace upbeat {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

class Following : public Routes {
 protected:
  void follow(const std::string& query) {
    answer(service, {.method = "GET", .target = "/v1/events?follow=true" + query, .body = {}},
           [&](const ApiAnswer& given) {
             following = std::get<ApiStream>(given).begin(
                 [&](const std::string& line) { lines.push_back(json::parse(line)); });
           });
  }

  Timer following;
  std::vector<json::value> lines;
};

TEST_F(Following, TellsThePastUnasked) {
  follow("");
  EXPECT_TRUE(lines.empty());
  service.apply(VmWanted{.vm = VmId{"x0"}, .wanted = Wanted::stopped});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines.front().at("text"), "is wanted stopped");
}

TEST_F(Following, LeavesAGapOrOverlapBetweenPastAndFuture) {
  follow("&after=0");
  service.apply(VmWanted{.vm = VmId{"x0"}, .wanted = Wanted::stopped});
  const auto all = service.history(EventIndex{}, events_limit, "").value();
  ASSERT_EQ(lines.size(), all.size());
  for (std::size_t at = 0; at < all.size(); ++at)
    EXPECT_EQ(lines[at].at("text"), all[at].text.c_str());
}

TEST_F(Following, TellsOfOthers) {
  follow("&subject=node1");
  service.apply(VmWanted{.vm = VmId{"x0"}, .wanted = Wanted::stopped});
  EXPECT_TRUE(lines.empty());
}

TEST_F(Following, KeepsSilentAboutQuietEventsThoughAsked) {
  follow("&every=true");
  service.apply(Tick{.elapsed = 10ms});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines.front(), (json::object{{"index", service.state().index.get()}}));
}

TEST_F(Following, GoesOnAfterItsEnd) {
  follow("&every=true");
  following.cancel();
  service.apply(Tick{.elapsed = 10ms});
  EXPECT_TRUE(lines.empty());
}

}  // namespace
}  // namespace upbeat
