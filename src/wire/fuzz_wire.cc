// SPDX-License-Identifier: Apache-2.0
// libFuzzer: whatever the bytes, decoding gives a value or an error, and a value that came out of
// bytes goes in and comes out again. Run: build/fuzz/bin/fuzz_wire -max_total_time=60
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "wire/frame.h"
#include "wire/wire.h"

namespace upbeat {
namespace {

template <class Value>
void expect_stable(const Result<Value>& read, Result<Value> (*decode)(const std::string&)) {
  if (!read) {
    if (read.error().text.empty()) std::abort();
    return;
  }
  const std::string bytes = encode(*read);
  const Result<Value> again = decode(bytes);
  if (!again || !(*again == *read) || encode(*again) != bytes) std::abort();
}

/// The bytes as they come, and behind a right checksum.
void try_all(const std::string& bytes) {
  expect_stable(decode_event(bytes), decode_event);
  expect_stable(decode_event(wire::seal(wire::Kind::event, bytes)), decode_event);
  expect_stable(decode_state(wire::seal(wire::Kind::state, bytes)), decode_state);
  expect_stable(decode_message(wire::seal(wire::Kind::message, bytes)), decode_message);
}

}  // namespace
}  // namespace upbeat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  upbeat::try_all(std::string(data, data + size));
  return 0;
}
