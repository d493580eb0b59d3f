// SPDX-License-Identifier: Apache-2.0
// make_seeds FOLDER: writes the seeds that are bytes rather than text, out of the unit tests'
// samples.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "engine/frame.h"
#include "wire/frame.h"
#include "wire/samples_test.h"

namespace upbeat {
namespace {

void write(const std::filesystem::path& folder, std::size_t number, const std::string& bytes) {
  std::filesystem::create_directories(folder);
  std::ofstream(folder / std::to_string(number), std::ios::binary) << bytes;
}

/// Without its frame: the fuzzer would never guess the checksum of what it changed.
template <class Value>
std::string body_of(wire::Kind kind, const Value& value) {
  return wire::open(kind, wire_format, encode(value)).value().body;
}

void write_wire(const std::filesystem::path& folder) {
  std::size_t number = 0;
  for (const Event& event : sample_events())
    write(folder, number++, body_of(wire::Kind::event, event));
  for (const Message& message : sample_messages())
    write(folder, number++, body_of(wire::Kind::message, message));
  write(folder, number++, body_of(wire::Kind::state, sample_state()));
  write(folder, number++, encode(sample_events().front()));
}

void write_members(const std::filesystem::path& folder) {
  const Greeting greeting{.round = 1,
                          .incarnation = 2,
                          .quorate = true,
                          .together = {NodeId(1), NodeId(2)},
                          .missed = {{NodeId(3), 4}}};
  const Frame frames[] = {greeting, Proceed{7}, QuorumTurn{{8, NodeId(3)}, true}, Payload{"bytes"}};
  for (std::size_t number = 0; const Frame& frame : frames) write(folder, number++, encode(frame));
}

}  // namespace
}  // namespace upbeat

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("make_seeds: name the folder to write to\n", stderr);
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  upbeat::write_wire(folder / "wire");
  upbeat::write_members(folder / "members");
  return 0;
}
