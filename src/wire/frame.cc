// SPDX-License-Identifier: Apache-2.0
// Seals and opens frames.
#include "wire/frame.h"

#include <optional>
#include <utility>

#include "base/hash.h"
#include "wire/upbeat.pb.h"
#include "wire/wire.h"

namespace upbeat::wire {

namespace {

std::unexpected<Error> refuse(Kind kind, const std::string& bytes, const std::string& why) {
  return fail(std::string("cannot read the ") + name_of(kind) + " of " +
              std::to_string(bytes.size()) + " bytes: " + why);
}

std::unexpected<Error> damaged(Kind kind, const std::string& bytes, const std::string& what) {
  return refuse(kind, bytes, what + ", so it is damaged: take it from another node or a backup");
}

std::optional<Kind> kind_of(const v1::Frame& frame) {
  switch (frame.body_case()) {
    case v1::Frame::kEvent:
      return Kind::event;
    case v1::Frame::kState:
      return Kind::state;
    case v1::Frame::kMessage:
      return Kind::message;
    case v1::Frame::BODY_NOT_SET:
      break;
  }
  return std::nullopt;
}

std::string* body_of(v1::Frame& frame, Kind kind) {
  switch (kind) {
    case Kind::event:
      return frame.mutable_event();
    case Kind::state:
      return frame.mutable_state();
    case Kind::message:
      break;
  }
  return frame.mutable_message();
}

}  // namespace

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::event:
      return "event";
    case Kind::state:
      return "snapshot";
    case Kind::message:
      break;
  }
  return "message";
}

std::string seal(Kind kind, std::uint32_t needs, std::string body) {
  v1::Frame frame;
  frame.set_format(wire_format);
  frame.set_needs_format(needs);
  frame.set_checksum(hash_of(body));
  *body_of(frame, kind) = std::move(body);
  return frame.SerializeAsString();
}

Result<Opened> open(Kind kind, std::uint32_t knows, const std::string& bytes) {
  const std::size_t limit =
      kind == Kind::state ? wire_snapshot_limit_bytes : wire_message_limit_bytes;
  if (bytes.size() > limit)
    return refuse(kind, bytes, "the limit is " + std::to_string(limit) + " bytes");
  v1::Frame frame;
  if (!frame.ParseFromString(bytes)) return damaged(kind, bytes, "it has no whole frame");
  if (frame.needs_format() > knows)
    return refuse(kind, bytes,
                  "a newer release of Upbeat wrote it in wire format " +
                      std::to_string(frame.format()) + ", this one knows up to " +
                      std::to_string(knows) + ": upgrade Upbeat on this node");
  const std::optional<Kind> found = kind_of(frame);
  if (!found || frame.format() == 0) return damaged(kind, bytes, "its frame is incomplete");
  if (*found != kind)
    return refuse(
        kind, bytes,
        std::string("it holds ") + (*found == Kind::event ? "an " : "a ") + name_of(*found));
  std::string body = std::move(*body_of(frame, kind));
  if (hash_of(body) != frame.checksum()) return damaged(kind, bytes, "its checksum is wrong");
  return Opened{std::move(body), frame.format()};
}

}  // namespace upbeat::wire
