// SPDX-License-Identifier: Apache-2.0
// What nobody wants on a terminal or in an answer does not come through.
#include "base/printable.h"

#include <gtest/gtest.h>

namespace upbeat {
namespace {

TEST(Printable, LeavesGoodTextAsItIs) {
  EXPECT_EQ(printable("Grüße, 世界 🙂"), "Grüße, 世界 🙂");
  EXPECT_EQ(printable(""), "");
}

TEST(Printable, MakesBlanksOfControlCharacters) {
  EXPECT_EQ(printable(std::string("a\nb\tc\0d\x1b[31m\x7f", 13)), "a b c d [31m ");
  EXPECT_EQ(printable("a\xc2\x9b"
                      "31m"),
            "a 31m");  // U+009B begins a sequence on some terminals
}

TEST(Printable, ReplacesBytesThatAreNoUtf8AndNothingBehindThem) {
  EXPECT_EQ(printable("\xc3\"\xff\xed\xa0\x80"), "\uFFFD\"\uFFFD\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(printable("cut \xe4\xb8"), "cut \uFFFD\uFFFD");
}

TEST(Printable, CutsBetweenCharacters) {
  EXPECT_EQ(printable("abcd", 4), "abcd");
  EXPECT_EQ(printable("abcde", 4), "abcd…");
  EXPECT_EQ(printable("abcü", 4), "abc…");
}

TEST(ValidUtf8, KeepsControlCharactersAndReplacesWhatIsNoUtf8) {
  EXPECT_EQ(valid_utf8("{\"a\":\"\\n\xff\"}\n"), "{\"a\":\"\\n\uFFFD\"}\n");
}

}  // namespace
}  // namespace upbeat
