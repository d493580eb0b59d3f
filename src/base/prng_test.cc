// SPDX-License-Identifier: Apache-2.0
// The generator's numbers are fixed for ever: seeds in old bug reports must go on meaning the same.
#include "base/prng.h"

#include <gtest/gtest.h>

namespace upbeat {
namespace {

TEST(Prng, DrawsTheNumbersOfSplitMix64) {
  Prng prng(1234567);

  EXPECT_EQ(prng.next(), 6457827717110365317U);
  EXPECT_EQ(prng.next(), 3203168211198807973U);
  EXPECT_EQ(prng.next(), 9817491932198370423U);
}

TEST(Prng, StaysBelowTheBound) {
  Prng prng(1);

  for (int i = 0; i < 1000; ++i) EXPECT_LT(prng.below(3), 3U);
  EXPECT_EQ(prng.below(0), 0U);
}

TEST(Prng, AForkDoesNotRepeatItsParent) {
  Prng prng(1);
  Prng fork = prng.fork();

  EXPECT_NE(prng.next(), fork.next());
}

}  // namespace
}  // namespace upbeat
