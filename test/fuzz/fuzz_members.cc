// SPDX-License-Identifier: Apache-2.0
// What members say to each other below and above the wire format: the engine's frames, and a
// snapshot in chunks with any noise between them.
#include <fuzzer/FuzzedDataProvider.h>

#include "engine/frame.h"
#include "node/snapshot_transfer.h"
#include "promise.h"

namespace upbeat {
namespace {

constexpr std::uint64_t view_key = 1;
constexpr std::uint32_t parts_limit = 3;
constexpr std::uint32_t noise_limit = 32;

/// A number near where it matters.
std::uint32_t near(FuzzedDataProvider& input, std::uint32_t where) {
  return where + input.ConsumeIntegralInRange<std::uint32_t>(0, 3) - 1;
}

SnapshotChunk noise(FuzzedDataProvider& input, std::uint32_t part, std::uint32_t parts) {
  const bool far = input.ConsumeBool();
  const bool padded = input.ConsumeIntegralInRange(0, 7) == 7;
  const std::size_t padding = padded ? snapshot_chunk_limit_bytes : 0;
  return {.view_key = near(input, view_key),
          .part = near(input, part),
          .parts = far ? near(input, snapshot_parts_limit) : near(input, parts),
          .bytes = input.ConsumeRandomLengthString(8) + std::string(padding, 'n')};
}

/// Whether nobody could tell that the chunk is not the one that is to come.
bool could_be_next(const SnapshotChunk& chunk, std::uint32_t part, std::uint32_t parts) {
  return chunk.view_key == view_key && chunk.part == part && part < parts &&
         (part == 0 || chunk.parts == parts) && chunk.bytes.size() <= snapshot_chunk_limit_bytes;
}

void make_noise(FuzzedDataProvider& input, SnapshotTransfer& transfer, std::uint32_t part,
                std::uint32_t parts) {
  for (std::uint32_t i = 0; i < noise_limit && input.ConsumeBool(); ++i) {
    const SnapshotChunk chunk = noise(input, part, parts);
    if (could_be_next(chunk, part, parts)) continue;
    fuzz::promise(!transfer.add(chunk), "noise is no whole");
  }
}

void try_transfer(FuzzedDataProvider& input) {
  const auto parts = input.ConsumeIntegralInRange<std::uint32_t>(1, parts_limit);
  std::vector<SnapshotChunk> chunks;
  std::string snapshot;
  for (std::uint32_t part = 0; part < parts; ++part) {
    chunks.push_back({view_key, part, parts, input.ConsumeRandomLengthString(8)});
    snapshot += chunks.back().bytes;
  }
  SnapshotTransfer transfer;
  transfer.expect(view_key);
  std::optional<std::string> whole;
  for (const SnapshotChunk& chunk : chunks) {
    make_noise(input, transfer, chunk.part, parts);
    whole = transfer.add(chunk);
    fuzz::promise(whole.has_value() == (chunk.part + 1 == parts), "the last chunk makes it whole");
  }
  fuzz::promise(whole == snapshot, "the whole is its chunks");
  make_noise(input, transfer, parts, parts);
}

void try_frame(const std::string& bytes) {
  const auto frame = decode(bytes);
  if (!frame) return;
  fuzz::promise(decode(encode(*frame)) == frame, "a frame comes out as it went in");
  if (const auto* greeting = std::get_if<Greeting>(&*frame))
    fuzz::promise(greeting->together.size() + greeting->missed.size() <= bytes.size() / 8,
                  "a frame names no more members than it has bytes for");
}

}  // namespace
}  // namespace upbeat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  upbeat::try_frame(upbeat::fuzz::text_of(data, size));
  FuzzedDataProvider input(data, size);
  upbeat::try_transfer(input);
  return 0;
}
