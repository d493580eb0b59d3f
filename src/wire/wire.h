// SPDX-License-Identifier: Apache-2.0
// The core's values as bytes, for the disk and for the other members, and what daemons tell each
// other. The bytes are Protocol Buffers (wire/upbeat.proto) in a frame with format and checksum.
//
// All functions are pure and may be called from any thread. Encoding the same value gives the same
// bytes on every machine and in every build. Decoding never crashes and never guesses: damaged
// bytes, bytes of another kind and bytes beyond a limit give an error.
//
// Two releases can talk: fields that a newer release added are ignored. A kind, enumerator or
// meaning that it added cannot be; it gives an error that names both formats. Members that apply
// one order of events must all know all of it, so a daemon proposes only what every member's
// `Hello::format` covers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/strong.h"
#include "core/drill.h"
#include "core/event.h"
#include "core/state.h"

namespace upbeat {

/// What this release writes. Raised by every new kind, enumerator or meaning.
inline constexpr std::uint32_t wire_format = 2;
/// The format that every release there ever was knows.
inline constexpr std::uint32_t wire_needs_format = 1;

/// The longest event or message that is read; the engine sends nothing longer.
inline constexpr std::size_t wire_message_limit_bytes = 512U << 10U;
/// The longest snapshot that is read: 10 000 guests with 24 KiB each.
inline constexpr std::size_t wire_snapshot_limit_bytes = 256U << 20U;
/// Entries that one list may have.
inline constexpr int wire_list_limit = 65536;
/// What a SnapshotChunk carries at most, so that it fits a message with room to spare.
inline constexpr std::size_t snapshot_chunk_limit_bytes = 256U << 10U;
/// Chunks that one snapshot may have.
inline constexpr std::uint32_t snapshot_parts_limit =
    wire_snapshot_limit_bytes / snapshot_chunk_limit_bytes;

// --- what daemons tell each other --------------------------------------------------------------

/// The first word of each daemon in a new view: what it knows, so that all agree whose state they
/// take. `view_key` names the view: its ring and its members.
struct Hello {
  std::uint64_t view_key = 0;
  EventIndex index;
  Epoch epoch;
  std::uint64_t term = 0;
  std::uint64_t fingerprint = 0;  ///< of its state, see `fingerprint` below
  std::uint64_t incarnation = 0;
  bool live = false;  ///< it carried the state over from the last quorate view; else read from disk
  std::vector<NodeNamed> configured;  ///< sorted by id
  std::uint32_t format = wire_format;
  std::string release;                             ///< for people: "0.1.0"
  std::uint32_t needs_format = wire_needs_format;  ///< to understand its state
  bool lost_quorum = false;  ///< for `quorum_gap`, since the last quorate view it was in
  bool operator==(const Hello&) const = default;
};

/// A piece of `encode(State)` for those who need it; `part` counts from 0.
struct SnapshotChunk {
  std::uint64_t view_key = 0;
  std::uint32_t part = 0;
  std::uint32_t parts = 0;
  std::string bytes;
  bool operator==(const SnapshotChunk&) const = default;
};

/// An event put into the order.
struct Proposal {
  Epoch epoch;
  Event event;
  NodeId from;
  std::uint64_t incarnation = 0;  ///< of its sender's daemon
  std::uint64_t request = 0;      ///< lets its sender recognise it; 0: nobody waits
  bool operator==(const Proposal&) const = default;
};

/// The sender has everything up to `index` on its disk.
struct Persisted {
  Epoch epoch;
  EventIndex index;
  bool operator==(const Persisted&) const = default;
};

/// A member is to take part in a drill (core/drill.h). Drills are no part of the state: whoever
/// asks keeps what comes of it.
struct DrillAsked {
  std::uint64_t drill = 0;  ///< its number, for the one who asks
  NodeId of;
  DrillKind kind = DrillKind::look;
  bool operator==(const DrillAsked&) const = default;
};

/// What came of it.
struct DrillReported {
  std::uint64_t drill = 0;
  NodeId to;
  std::string refused;  ///< why it does not take part; empty: it does, or did
  DrillReport report;
  bool operator==(const DrillReported&) const = default;
};

using Message = std::variant<Hello, SnapshotChunk, Proposal, Persisted, DrillAsked, DrillReported>;

// --- to bytes and back -------------------------------------------------------------------------

/// The oldest format whose readers understand this; an older one would take it for something else.
[[nodiscard]] std::uint32_t format_needed(const Event& event);
[[nodiscard]] std::uint32_t format_needed(const State& state);
[[nodiscard]] std::uint32_t format_needed(const Message& message);

/// The readers refuse what needs a format above `knows`: that of this release, or an older one's in
/// a simulation of two releases.
[[nodiscard]] std::string encode(const Event& event);
[[nodiscard]] Result<Event> decode_event(const std::string& bytes,
                                         std::uint32_t knows = wire_format);

/// A snapshot: everything but `log` and `refused`, which come back empty.
[[nodiscard]] std::string encode(const State& state);
[[nodiscard]] Result<State> decode_state(const std::string& bytes,
                                         std::uint32_t knows = wire_format);

[[nodiscard]] std::string encode(const Message& message);
[[nodiscard]] Result<Message> decode_message(const std::string& bytes,
                                             std::uint32_t knows = wire_format);

/// A hash of what a snapshot holds: members with the same state have the same one.
[[nodiscard]] std::uint64_t fingerprint(const State& state);

/// The same for a state that is asked about again and again: it costs what has changed since.
class StateFingerprint {
 public:
  [[nodiscard]] std::uint64_t of(const State& state);

 private:
  // What `sum_` was made of, and shares with the state whatever did not change.
  Table<NodeId, NodeRecord> nodes_;
  Table<VmId, VmRecord> vms_;
  std::uint64_t sum_ = 0;  ///< of all records' hashes
};

}  // namespace upbeat
