// SPDX-License-Identifier: Apache-2.0
// A state too large for one message, cut into chunks and put together again.
#include "node/snapshot_transfer.h"

#include <utility>

namespace upbeat {

Result<std::vector<SnapshotChunk>> cut(const std::string& snapshot, std::uint64_t view_key) {
  const std::size_t parts =
      (snapshot.size() + snapshot_chunk_limit_bytes - 1) / snapshot_chunk_limit_bytes;
  if (parts > snapshot_parts_limit) {
    return fail("cannot hand the cluster's state to a joining node: it has " +
                std::to_string(snapshot.size()) + " bytes, more than " +
                std::to_string(wire_snapshot_limit_bytes) + "; remove VM definitions");
  }
  std::vector<SnapshotChunk> chunks;
  for (std::size_t part = 0; part < parts; ++part) {
    chunks.push_back(
        {.view_key = view_key,
         .part = static_cast<std::uint32_t>(part),
         .parts = static_cast<std::uint32_t>(parts),
         .bytes = snapshot.substr(part * snapshot_chunk_limit_bytes, snapshot_chunk_limit_bytes)});
  }
  return chunks;
}

void SnapshotTransfer::expect(std::uint64_t view_key) {
  view_key_ = view_key;
  next_ = 0;
  parts_ = 0;
  bytes_.clear();
}

std::optional<std::string> SnapshotTransfer::add(const SnapshotChunk& chunk) {
  if (chunk.view_key != view_key_ || chunk.part != next_ || chunk.parts > snapshot_parts_limit ||
      chunk.part >= chunk.parts || chunk.bytes.size() > snapshot_chunk_limit_bytes) {
    return std::nullopt;
  }
  if (chunk.part != 0 && chunk.parts != parts_) return std::nullopt;
  parts_ = chunk.parts;
  bytes_ += chunk.bytes;
  next_ += 1;
  if (next_ < chunk.parts) return std::nullopt;
  return std::exchange(bytes_, {});
}

}  // namespace upbeat
