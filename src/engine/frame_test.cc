// SPDX-License-Identifier: Apache-2.0
// What the adapters say to each other comes out as it went in, and nonsense is no frame.
#include "engine/frame.h"

#include <gtest/gtest.h>

namespace upbeat {
namespace {

const std::vector<Frame> one_of_each{Greeting{.round = ~0ULL,
                                              .incarnation = 2,
                                              .quorate = true,
                                              .together = {NodeId(1), NodeId(0xFFFFFFFF)},
                                              .missed = {{NodeId(2), 5}}},
                                     Proceed{7}, QuorumTurn{{1234567890123, NodeId(3)}, true},
                                     Payload{std::string("any\0bytes\xFF", 10)}, Payload{}};

TEST(Frame, ComesOutAsItWentIn) {
  for (const Frame& frame : one_of_each) EXPECT_EQ(decode(encode(frame)), frame);
}

TEST(Frame, OfAPayloadIsTheHeadAndTheBytesThemselves) {
  EXPECT_EQ(encode(Payload{"abc"}), std::string(payload_head) + "abc");
}

TEST(Frame, IsNotSeenInAShortenedOrLengthenedOne) {
  for (const Frame& frame : one_of_each) {
    if (std::holds_alternative<Payload>(frame)) continue;
    const std::string whole = encode(frame);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(decode(whole.substr(0, size))) << size;
    }
    EXPECT_FALSE(decode(whole + "x"));
  }
}

TEST(Frame, IsNotSeenInAnotherVersionOrKind) {
  EXPECT_FALSE(decode("\x02m"));
  EXPECT_FALSE(decode("\x01z"));
}

TEST(Frame, IsNotSeenInAGreetingWithAnAbsurdCount) {
  std::string bytes = encode(Greeting{});
  bytes.replace(bytes.size() - 8, 8, 8, '\xFF');

  EXPECT_FALSE(decode(bytes));
}

}  // namespace
}  // namespace upbeat
