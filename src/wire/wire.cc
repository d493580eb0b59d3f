// SPDX-License-Identifier: Apache-2.0
// Encoding and decoding: convert, then seal; open, then convert.
#include "wire/wire.h"

#include <google/protobuf/arena.h>

#include <array>
#include <utility>

#include "base/hash.h"
#include "wire/convert.h"
#include "wire/frame.h"
#include "wire/upbeat.pb.h"

namespace upbeat {

namespace {

/// Where the many small parts of a message are while it is converted: they go all at once.
class Workshop {
 public:
  template <class Wire>
  Wire& make() {
    return *google::protobuf::Arena::CreateMessage<Wire>(&arena_);
  }

 private:
  std::array<char, 4096> first_block_;
  google::protobuf::Arena arena_{first_block_.data(), first_block_.size()};
};

template <class Wire, class Value>
std::string body_of(const Value& value) {
  Workshop workshop;
  auto& out = workshop.make<Wire>();
  wire::put(value, out);
  return out.SerializeAsString();
}

template <class Value, class Wire>
Result<Value> decode(wire::Kind kind, const std::string& bytes) {
  Result<wire::Opened> opened = wire::open(kind, bytes);
  if (!opened) return std::unexpected(opened.error());
  wire::Reading reading(kind, opened->format);
  Workshop workshop;
  auto& in = workshop.make<Wire>();
  if (!in.ParseFromString(opened->body)) reading.senseless("its body cannot be parsed");
  if (!reading.ok()) return reading.error();
  Value value = wire::take(in, reading);
  if (!reading.ok()) return reading.error();
  return value;
}

}  // namespace

std::string encode(const Event& event) {
  return wire::seal(wire::Kind::event, body_of<wire::v1::Event>(event));
}

Result<Event> decode_event(const std::string& bytes) {
  return decode<Event, wire::v1::Event>(wire::Kind::event, bytes);
}

std::string encode(const State& state) {
  return wire::seal(wire::Kind::state, body_of<wire::v1::State>(state));
}

Result<State> decode_state(const std::string& bytes) {
  return decode<State, wire::v1::State>(wire::Kind::state, bytes);
}

std::string encode(const Message& message) {
  return wire::seal(wire::Kind::message, body_of<wire::v1::Message>(message));
}

Result<Message> decode_message(const std::string& bytes) {
  return decode<Message, wire::v1::Message>(wire::Kind::message, bytes);
}

std::uint64_t fingerprint(const State& state) { return hash_of(body_of<wire::v1::State>(state)); }

}  // namespace upbeat
