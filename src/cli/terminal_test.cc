// SPDX-License-Identifier: Apache-2.0
// Tables, durations, cut lines.
#include "cli/terminal.h"

#include <gtest/gtest.h>

namespace upbeat::cli {
namespace {

using std::chrono::milliseconds;

TEST(Table, IsWiderThanNeededOrMisaligned) {
  Table table({{"NAME"}, {"EMPTY"}, {"SIZE", Align::right}, {"NOTE"}});
  table.add({std::string("a"), std::string(), std::string("5"), std::string()});
  table.add({std::string("longer"), std::string(), std::string("1000"), std::string("why")});

  EXPECT_EQ(table.text(Colours::none),
            "NAME    SIZE  NOTE\n"
            "a          5\n"
            "longer  1000  why\n");
}

TEST(Table, CountsColoursOrBytesAsColumns) {
  Table table({{"N"}, {"M"}});
  table.add({{"é", Colour::bad}, std::string("x")});

  EXPECT_EQ(table.text(Colours::ansi),
            "\x1b[1mN\x1b[0m  \x1b[1mM\x1b[0m\n"
            "\x1b[1;31mé\x1b[0m  x\n");
}

TEST(Duration, ReadsOddly) {
  EXPECT_EQ(duration_text(milliseconds(-5)), "0 ms");
  EXPECT_EQ(duration_text(milliseconds(999)), "999 ms");
  EXPECT_EQ(duration_text(milliseconds(4250)), "4.2 s");
  EXPECT_EQ(duration_text(milliseconds(75'999)), "75 s");
  EXPECT_EQ(duration_text(milliseconds(720'000)), "12 min");
  EXPECT_EQ(duration_text(milliseconds(3 * 3'600'000)), "3 h");
  EXPECT_EQ(duration_text(milliseconds(2 * 86'400'000)), "2 d");
}

TEST(Shortened, WrapsOrCutsACharacterInTwo) {
  EXPECT_EQ(shortened("abc", 3), "abc");
  EXPECT_EQ(shortened("abcd", 3), "ab~");
  EXPECT_EQ(shortened("ééé", 2), "é~");
  EXPECT_EQ(shortened("abc", 0), "");
}

}  // namespace
}  // namespace upbeat::cli
