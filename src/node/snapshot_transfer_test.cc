// SPDX-License-Identifier: Apache-2.0
// What comes out of a transfer is what was cut, or nothing.
#include "node/snapshot_transfer.h"

#include <gtest/gtest.h>

namespace upbeat {
namespace {

constexpr std::uint64_t view = 7;

SnapshotChunk piece(std::uint32_t part, std::uint32_t parts, const std::string& bytes) {
  return {.view_key = view, .part = part, .parts = parts, .bytes = bytes};
}

class Transfer : public testing::Test {
 protected:
  Transfer() { transfer.expect(view); }

  std::optional<std::string> add(std::uint32_t part, std::uint32_t parts,
                                 const std::string& bytes) {
    return transfer.add(piece(part, parts, bytes));
  }

  SnapshotTransfer transfer;
};

TEST_F(Transfer, LosesBytes) {
  const std::string snapshot(snapshot_chunk_limit_bytes + 1, 's');
  const auto chunks = cut(snapshot, view).value();
  ASSERT_EQ(chunks.size(), 2U);
  EXPECT_EQ(transfer.add(chunks[0]), std::nullopt);
  EXPECT_EQ(transfer.add(chunks[1]), snapshot);
}

TEST_F(Transfer, MixesTwoWholes) {
  EXPECT_EQ(add(0, 3, "a"), std::nullopt);
  EXPECT_EQ(add(1, 2, "X"), std::nullopt);
  EXPECT_EQ(add(1, 3, "b"), std::nullopt);
  EXPECT_EQ(add(2, 3, "c"), "abc");
}

TEST_F(Transfer, TakesWhatComesAfterTheLastChunkForAWhole) {
  EXPECT_EQ(add(0, 1, "a"), "a");
  EXPECT_EQ(add(1, 2, "b"), std::nullopt);
  EXPECT_EQ(add(0, 1, "a"), std::nullopt);
}

TEST_F(Transfer, TakesChunksOfAnotherViewOutOfOrderOrTooLong) {
  EXPECT_EQ(transfer.add({.view_key = view + 1, .part = 0, .parts = 1, .bytes = "x"}),
            std::nullopt);
  EXPECT_EQ(add(1, 2, "x"), std::nullopt);
  EXPECT_EQ(add(0, 1, std::string(snapshot_chunk_limit_bytes + 1, 'x')), std::nullopt);
  EXPECT_EQ(add(0, snapshot_parts_limit + 1, "x"), std::nullopt);
  EXPECT_EQ(add(0, 1, "a"), "a");
}

}  // namespace
}  // namespace upbeat
