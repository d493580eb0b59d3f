// SPDX-License-Identifier: Apache-2.0
// The checked memory notices what a broken migration does to it.
#include "lab/guest/memory.h"

#include <gtest/gtest.h>

namespace upbeat::guest {
namespace {

/// Steps through every page once; how many were not as written.
std::size_t errors_of_a_round(CheckedMemory& memory) {
  std::size_t errors = 0;
  for (std::size_t at = 0; at < memory.pages(); ++at) errors += memory.step() ? 0 : 1;
  return errors;
}

TEST(CheckedMemory, StaysCleanOverManyRounds) {
  CheckedMemory memory(16, 42);

  for (int round = 0; round < 10; ++round) EXPECT_EQ(errors_of_a_round(memory), 0);
}

TEST(CheckedMemory, NoticesOneFlippedBitOnceAndThenIsCleanAgain) {
  CheckedMemory memory(16, 42);
  memory.page(5)[511] ^= 1;

  EXPECT_EQ(errors_of_a_round(memory), 1);
  EXPECT_EQ(errors_of_a_round(memory), 0);
}

TEST(CheckedMemory, NoticesAPageThatWentBackToItsOlderContents) {
  CheckedMemory memory(16, 42);
  const auto older = memory.page(3);
  ASSERT_EQ(errors_of_a_round(memory), 0);

  memory.page(3) = older;

  EXPECT_EQ(errors_of_a_round(memory), 1);
}

TEST(CheckedMemory, NoticesTwoPagesThatChangedPlaces) {
  CheckedMemory memory(16, 42);
  std::swap(memory.page(1), memory.page(2));

  EXPECT_EQ(errors_of_a_round(memory), 2);
}

}  // namespace
}  // namespace upbeat::guest
