// SPDX-License-Identifier: Apache-2.0
// Bytes that are damaged, of another kind, of another release, or too many are refused in words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/hash.h"
#include "wire/frame.h"
#include "wire/samples_test.h"
#include "wire/upbeat.pb.h"
#include "wire/wire.h"

namespace upbeat {
namespace {

using testing::HasSubstr;

/// The error's text; for a value, a sentence that no error has.
template <class T>
std::string error_of(const Result<T>& result) {
  return result ? "it was read" : result.error().text;
}

std::string frame(std::uint32_t format, std::uint32_t needs, std::string event) {
  wire::v1::Frame made;
  made.set_format(format);
  made.set_needs_format(needs);
  made.set_checksum(hash_of(event));
  made.set_event(std::move(event));
  return made.SerializeAsString();
}

/// A field of a number that no message here has.
const std::string field_1000{"\xc2\x3e\x03new", 6};

TEST(DamagedBytes, AreReadWhereTheEndIsMissing) {
  const std::string whole = encode(sample_state());
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_THAT(error_of(decode_state(whole.substr(0, length))), HasSubstr("damaged")) << length;
  for (const Event& event : sample_events()) {
    const std::string bytes = encode(event);
    for (std::size_t length = 0; length < bytes.size(); ++length)
      EXPECT_THAT(error_of(decode_event(bytes.substr(0, length))), HasSubstr("damaged")) << length;
  }
}

TEST(DamagedBytes, AreReadWhereABitOfTheBodyIsWrong) {
  for (const Message& message : sample_messages()) {
    const std::string whole = encode(message);
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
      std::string bytes = whole;
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
      const Result<Message> back = decode_message(bytes);
      // The frame's own two numbers are not under the checksum, the message is.
      EXPECT_TRUE(!back || *back == message) << "message " << message.index() << ", bit " << bit;
    }
  }
}

TEST(DamagedBytes, AreReadWhereABodyMakesNoSense) {
  const std::string sealed = wire::seal(wire::Kind::event, wire_format, "\xff\xff\xff");
  EXPECT_EQ(error_of(decode_event(sealed)),
            "cannot read the event: its body cannot be parsed, so it is damaged: take it from "
            "another node or a backup");
}

TEST(DamagedBytes, AreReadWhereANodeIsThereTwice) {
  wire::v1::State state;
  for (const std::uint32_t id : {1U, 2U, 2U}) {
    state.add_nodes()->set_id(id);
    state.mutable_nodes()->rbegin()->mutable_left();
  }
  EXPECT_THAT(
      error_of(decode_state(wire::seal(wire::Kind::state, wire_format, state.SerializeAsString()))),
      HasSubstr("its nodes are out of order or there twice"));
}

TEST(DamagedBytes, AreReadWhereAPieceOfASnapshotHasNoPlace) {
  using Piece = std::pair<std::uint32_t, std::uint32_t>;
  for (const auto& [part, parts] : {Piece{0, 0}, Piece{3, 3}, Piece{0, snapshot_parts_limit + 1}}) {
    const Message message = SnapshotChunk{.part = part, .parts = parts, .bytes = "piece"};
    EXPECT_THAT(error_of(decode_message(encode(message))), HasSubstr("of a snapshot"));
  }
}

TEST(DamagedBytes, AreTakenForAnotherKind) {
  EXPECT_EQ(error_of(decode_event(encode(State{}))), "cannot read the event of " +
                                                         std::to_string(encode(State{}).size()) +
                                                         " bytes: it holds a snapshot");
  EXPECT_THAT(error_of(decode_state(encode(Event{}))), HasSubstr("it holds an event"));
  EXPECT_THAT(error_of(decode_message(encode(State{}))), HasSubstr("it holds a snapshot"));
}

TEST(WireLimits, AreNotKept) {
  const Event long_event =
      OffConfirmed{.node = NodeId(1), .who = std::string(wire_message_limit_bytes, 'x')};
  EXPECT_THAT(error_of(decode_event(encode(long_event))), HasSubstr("the limit is 524288 bytes"));
  const Message long_piece =
      SnapshotChunk{.parts = 1, .bytes = std::string(snapshot_chunk_limit_bytes + 1, 'x')};
  EXPECT_THAT(error_of(decode_message(encode(long_piece))), HasSubstr("longer than 262144 bytes"));
  const Event many = InventoryReported{.busy = std::vector<VmId>(wire_list_limit + 1)};
  EXPECT_THAT(error_of(decode_event(encode(many))), HasSubstr("more than 65536 entries"));
}

TEST(WireLimits, KeepOutAFullChunkOrAFullList) {
  const Message chunk =
      SnapshotChunk{.parts = 1, .bytes = std::string(snapshot_chunk_limit_bytes, 'x')};
  EXPECT_TRUE(decode_message(encode(chunk)) == chunk);
  const Event full = InventoryReported{.busy = std::vector<VmId>(wire_list_limit)};
  EXPECT_TRUE(decode_event(encode(full)) == full);
}

TEST(DamagedBytes, PutTheNameOfAGuestIntoTheErrorAsItIs) {
  wire::v1::State made;
  wire::v1::VmRecord& vm = *made.add_vms();
  vm.set_vm("x\x07");
  vm.set_wanted(wire::v1::WANTED_RUNNING);
  vm.set_stop_force(wire::v1::STOP_FORCE_ASK);
  EXPECT_THAT(
      error_of(decode_state(wire::seal(wire::Kind::state, wire_format, made.SerializeAsString()))),
      HasSubstr("the phase of guest x  is not set"));
}

TEST(NewerRelease, IsNotUnderstoodThoughItOnlyAddedAField) {
  wire::v1::Event made;
  made.mutable_node_leaving()->set_node(7);
  ASSERT_TRUE(made.mutable_node_leaving()->MergeFromString(field_1000));
  const std::string bytes =
      frame(wire_format + 1, wire_format, made.SerializeAsString() + field_1000) + field_1000;
  EXPECT_TRUE(decode_event(bytes) == Event(NodeLeaving{NodeId(7)}))
      << error_of(decode_event(bytes));
}

TEST(NewerRelease, IsTakenForDamageWhereItAddedAKindOfEvent) {
  EXPECT_EQ(error_of(decode_event(frame(wire_format + 1, wire_format, field_1000))),
            "cannot read the event: its kind is unknown here, a newer release of Upbeat wrote it "
            "in wire format 3 and this one knows up to 2: upgrade Upbeat on this node");
  EXPECT_THAT(error_of(decode_event(frame(wire_format, wire_format, field_1000))),
              HasSubstr("its kind is not set or unknown, so it is damaged"));
}

TEST(NewerRelease, IsTakenForDamageWhereItAddedAnEnumerator) {
  wire::v1::Event made;
  made.mutable_drain_requested()->set_cause(static_cast<wire::v1::DrainCause>(99));
  EXPECT_THAT(error_of(decode_event(frame(wire_format + 1, wire_format, made.SerializeAsString()))),
              HasSubstr("the cause of a drain is unknown here, a newer release"));
}

TEST(NewerRelease, IsReadThoughItSaysThatItCannotBe) {
  wire::v1::Event made;
  made.mutable_node_leaving()->set_node(7);
  const std::string bytes = frame(wire_format + 2, wire_format + 1, made.SerializeAsString());
  EXPECT_EQ(error_of(decode_event(bytes)),
            "cannot read the event of " + std::to_string(bytes.size()) +
                " bytes: a newer release of Upbeat wrote it in wire format 4, this one knows up "
                "to 2: upgrade Upbeat on this node");
}

TEST(OlderRelease, RefusesWhatItWouldMisunderstandAndReadsTheRest) {
  const Event rule = sample_events().at(11);
  ASSERT_TRUE(std::holds_alternative<RuleDefined>(rule));
  EXPECT_THAT(error_of(decode_event(encode(rule), 1)),
              HasSubstr("wire format 2, this one knows up to 1: upgrade Upbeat on this node"));
  EXPECT_FALSE(decode_message(encode(Message(Proposal{.event = rule})), 1).has_value());
  EXPECT_FALSE(decode_state(encode(sample_state()), 1).has_value());

  const Event drain = DrainRequested{.node = NodeId(1), .cause = DrainCause::shutdown};
  EXPECT_TRUE(decode_event(encode(drain), 1) == drain);
  EXPECT_FALSE(
      decode_event(encode(Event(DrainRequested{.cause = DrainCause::maintenance})), 1).has_value());
  EXPECT_TRUE(decode_state(encode(State{}), 1).has_value());
}

}  // namespace
}  // namespace upbeat
