// SPDX-License-Identifier: Apache-2.0
// What the Corosync adapters of one cluster say to each other: numbers are little endian.
#include "engine/frame.h"

namespace upbeat {
namespace {

constexpr char version = '\x01';
constexpr std::size_t members_limit = 128;  // CPG_MEMBERS_MAX of corosync/cpg.h

class Writer {
 public:
  explicit Writer(char kind) : bytes_{version, kind} {}

  Writer& number(std::uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) {
      bytes_.push_back(static_cast<char>((value >> shift) & 0xFFU));
    }
    return *this;
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    if (rest_.size() < 8) {
      short_ = true;
      return 0;
    }
    for (int i = 7; i >= 0; --i) value = value << 8U | static_cast<unsigned char>(rest_[i]);
    rest_.remove_prefix(8);
    return value;
  }
  [[nodiscard]] bool whole() const { return !short_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool short_ = false;
};

std::string encode_one(const Greeting& greeting) {
  Writer out('h');
  out.number(greeting.round).number(greeting.incarnation);
  out.number(greeting.quorate ? 1 : 0).number(greeting.together.size());
  for (const NodeId node : greeting.together) out.number(node.get());
  out.number(greeting.missed.size());
  for (const Member& member : greeting.missed) {
    out.number(member.node.get()).number(member.incarnation);
  }
  return out.take();
}

std::string encode_one(const Proceed& proceed) { return Writer('p').number(proceed.round).take(); }

std::string encode_one(const QuorumTurn& turn) {
  return Writer('q')
      .number(turn.ring.sequence)
      .number(turn.ring.leader.get())
      .number(turn.quorate ? 1 : 0)
      .take();
}

std::string encode_one(const Payload& payload) {
  return std::string(payload_head).append(payload.bytes);
}

NodeId node_of(std::uint64_t number) { return NodeId(static_cast<std::uint32_t>(number)); }

std::optional<Frame> decode_greeting(Reader in) {
  Greeting greeting;
  greeting.round = in.number();
  greeting.incarnation = in.number();
  greeting.quorate = in.number() != 0;
  const std::uint64_t together = in.number();
  if (together > members_limit) return std::nullopt;
  for (std::uint64_t i = 0; i < together; ++i) greeting.together.push_back(node_of(in.number()));
  const std::uint64_t missed = in.number();
  if (missed > members_limit) return std::nullopt;
  for (std::uint64_t i = 0; i < missed; ++i) {
    const NodeId node = node_of(in.number());
    greeting.missed.push_back({node, in.number()});
  }
  if (!in.whole()) return std::nullopt;
  return greeting;
}

}  // namespace

std::string encode(const Frame& frame) {
  return std::visit([](const auto& one) { return encode_one(one); }, frame);
}

std::optional<Frame> decode(std::string_view bytes) {
  if (bytes.size() < 2 || bytes[0] != version) return std::nullopt;
  const char kind = bytes[1];
  bytes.remove_prefix(2);
  if (kind == 'm') return Payload{std::string(bytes)};
  Reader in(bytes);
  if (kind == 'h') return decode_greeting(in);
  if (kind == 'p') {
    const Proceed proceed{in.number()};
    return in.whole() ? std::optional<Frame>(proceed) : std::nullopt;
  }
  if (kind == 'q') {
    QuorumTurn turn;
    turn.ring.sequence = in.number();
    turn.ring.leader = node_of(in.number());
    turn.quorate = in.number() != 0;
    return in.whole() ? std::optional<Frame>(turn) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace upbeat
