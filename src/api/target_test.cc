// SPDX-License-Identifier: Apache-2.0
// Request targets, well written and not.
#include "api/target.h"

#include <gtest/gtest.h>

namespace upbeat {
namespace {

TEST(Target, MisreadsSegmentsOrQuery) {
  const Target wanted{.segments = {"v1", "vms", "my vm"},
                      .query = {{"after", "3"}, {"subject", "a&b"}, {"bare", ""}}};
  EXPECT_EQ(parse_target("/v1/vms/my%20vm?after=3&subject=a%26b&bare"), wanted);
}

TEST(Target, SeesASegmentInTheRoot) { EXPECT_EQ(parse_target("/"), Target{}); }

TEST(Target, TakesAnEncodedSlashForTheEndOfASegment) {
  EXPECT_EQ(parse_target("/v1/a%2Fb")->segments, (std::vector<std::string>{"v1", "a/b"}));
}

TEST(Target, AcceptsABrokenPercentSequence) {
  for (const char* broken : {"/%", "/%4", "/%zz", "/a?b=%+1", "/%-1"})
    EXPECT_FALSE(parse_target(broken)) << broken;
}

TEST(Target, AcceptsANameGivenTwice) {
  EXPECT_EQ(parse_target("/v1?a=1&a=2").error().text,
            "the request's address gives 'a' twice: give it once");
}

TEST(Target, AcceptsATargetWithoutASlash) {
  EXPECT_FALSE(parse_target("v1"));
  EXPECT_FALSE(parse_target(""));
}

TEST(Target, LosesBytesOnTheWayThroughTheEncoding) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  EXPECT_EQ(parse_target("/" + percent_encode(bytes))->segments.front(), bytes);
}

}  // namespace
}  // namespace upbeat
