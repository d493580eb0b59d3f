// SPDX-License-Identifier: Apache-2.0
// Events, snapshots and messages: whatever the bytes, decoding gives a value or an error, and a
// value that came out of bytes goes in and comes out again.
#include "promise.h"
#include "wire/frame.h"
#include "wire/wire.h"

namespace upbeat {
namespace {

template <class Value>
void try_one(const std::string& bytes, Result<Value> (*decode)(const std::string&, std::uint32_t)) {
  const Result<Value> read = decode(bytes, wire_format);
  if (!read) return fuzz::promise_sentence(read.error().text);
  const std::string encoded = encode(*read);
  const Result<Value> again = decode(encoded, wire_format);
  fuzz::promise(again && *again == *read, "what is read is written so that it can be read again");
  fuzz::promise(encode(*again) == encoded, "the same value gives the same bytes");
}

/// The bytes as they come, and behind a right checksum.
template <class Value>
void try_both(wire::Kind kind, const std::string& bytes,
              Result<Value> (*decode)(const std::string&, std::uint32_t)) {
  try_one(bytes, decode);
  try_one(wire::seal(kind, wire_format, bytes), decode);
}

}  // namespace
}  // namespace upbeat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace upbeat;
  const std::string bytes = fuzz::text_of(data, size);
  try_both(wire::Kind::event, bytes, decode_event);
  try_both(wire::Kind::state, bytes, decode_state);
  try_both(wire::Kind::message, bytes, decode_message);
  return 0;
}
