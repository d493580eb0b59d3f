// SPDX-License-Identifier: Apache-2.0
// What daemons tell each other, to Protocol Buffers and back.
#include "wire/convert.h"

namespace upbeat::wire {

namespace {

void put(const Hello& in, v1::Hello& out) {
  const auto& [view_key, index, epoch, term, fingerprint, incarnation, live, configured, format,
               release, needs_format, lost_quorum] = in;
  out.set_view_key(view_key);
  out.set_index(index.get());
  out.set_epoch(epoch.get());
  out.set_term(term);
  out.set_fingerprint(fingerprint);
  out.set_incarnation(incarnation);
  out.set_live(live);
  put_list(configured, *out.mutable_configured());
  out.set_format(format);
  out.set_release(release);
  out.set_needs_format(needs_format);
  out.set_lost_quorum(lost_quorum);
}

Hello take(const v1::Hello& in, Reading& reading) {
  return {.view_key = in.view_key(),
          .index = EventIndex(in.index()),
          .epoch = Epoch(in.epoch()),
          .term = in.term(),
          .fingerprint = in.fingerprint(),
          .incarnation = in.incarnation(),
          .live = in.live(),
          .configured = take_list(in.configured(), reading),
          .format = in.format(),
          .release = in.release(),
          .needs_format = in.needs_format(),
          .lost_quorum = in.lost_quorum()};
}

void put(const SnapshotChunk& in, v1::SnapshotChunk& out) {
  const auto& [view_key, part, parts, bytes] = in;
  out.set_view_key(view_key);
  out.set_part(part);
  out.set_parts(parts);
  out.set_bytes(bytes);
}

SnapshotChunk take(const v1::SnapshotChunk& in, Reading& reading) {
  if (in.part() >= in.parts() || in.parts() > snapshot_parts_limit)
    reading.senseless("it is part " + std::to_string(in.part()) + " of " +
                      std::to_string(in.parts()) + " of a snapshot");
  if (in.bytes().size() > snapshot_chunk_limit_bytes)
    reading.senseless("its part of a snapshot is longer than " +
                      std::to_string(snapshot_chunk_limit_bytes) + " bytes");
  return {.view_key = in.view_key(), .part = in.part(), .parts = in.parts(), .bytes = in.bytes()};
}

void put(const Proposal& in, v1::Proposal& out) {
  const auto& [epoch, event, from, incarnation, request] = in;
  out.set_epoch(epoch.get());
  wire::put(event, *out.mutable_event());
  out.set_from(from.get());
  out.set_incarnation(incarnation);
  out.set_request(request);
}

Proposal take(const v1::Proposal& in, Reading& reading) {
  return {.epoch = Epoch(in.epoch()),
          .event = wire::take(in.event(), reading),
          .from = NodeId(in.from()),
          .incarnation = in.incarnation(),
          .request = in.request()};
}

void put(const Persisted& in, v1::Persisted& out) {
  const auto& [epoch, index] = in;
  out.set_epoch(epoch.get());
  out.set_index(index.get());
}

Persisted take(const v1::Persisted& in) { return {Epoch(in.epoch()), EventIndex(in.index())}; }

}  // namespace

void put(const Message& in, v1::Message& out) {
  std::visit(Overloaded{
                 [&](const Hello& m) { put(m, *out.mutable_hello()); },
                 [&](const SnapshotChunk& m) { put(m, *out.mutable_snapshot_chunk()); },
                 [&](const Proposal& m) { put(m, *out.mutable_proposal()); },
                 [&](const Persisted& m) { put(m, *out.mutable_persisted()); },
                 [&](const DrillAsked& m) { wire::put(m, *out.mutable_drill_asked()); },
                 [&](const DrillReported& m) { wire::put(m, *out.mutable_drill_reported()); },
             },
             in);
}

Message take(const v1::Message& in, Reading& reading) {
  switch (in.kind_case()) {
    case v1::Message::kHello:
      return take(in.hello(), reading);
    case v1::Message::kSnapshotChunk:
      return take(in.snapshot_chunk(), reading);
    case v1::Message::kProposal:
      return take(in.proposal(), reading);
    case v1::Message::kPersisted:
      return take(in.persisted());
    case v1::Message::kDrillAsked:
      return take(in.drill_asked(), reading);
    case v1::Message::kDrillReported:
      return take(in.drill_reported(), reading);
    case v1::Message::KIND_NOT_SET:
      break;
  }
  reading.unknown("its kind");
  return Persisted{};
}

}  // namespace upbeat::wire
