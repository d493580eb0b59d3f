// SPDX-License-Identifier: Apache-2.0
// One state on all members. The order of things here is the safety argument: see ARCHITECTURE.md.
#include "node/replica.h"

#include <algorithm>
#include <tuple>

#include "base/hash.h"
#include "core/apply.h"

namespace upbeat {
namespace {

/// Names one view of one ring: a daemon that comes or goes makes another one.
std::uint64_t key_of(const EngineView& view) {
  std::string text =
      std::to_string(view.ring.sequence) + "/" + std::to_string(view.ring.leader.get());
  for (const auto& member : view.members) {
    text += "/" + std::to_string(member.node.get()) + ":" + std::to_string(member.incarnation);
  }
  return hash_of(text);
}

/// The number of a view that is agreed on in `ring` after one of `before`. Two quorate rings share
/// a node, and a node's rings have growing numbers. So no two views of different rings get one
/// number, even if one of them was entered by a single member that was cut off a moment later: else
/// that member's state could be taken for the successor of what the others did without it.
Epoch next_epoch(Epoch before, const RingId& ring) {
  constexpr unsigned views_of_one_ring_bits = 16;
  return Epoch(std::max(before.get() + 1, ring.sequence << views_of_one_ring_bits));
}

/// Order of trust between two members' states.
auto rank(NodeId node, const Hello& hello) {
  return std::tuple(hello.epoch, hello.index, -std::int64_t{node.get()});
}

/// Members whose states must be known before one of them counts. What is safe is on the disks of a
/// majority of the configured nodes; only another majority is sure to hold one of those. The
/// engine's quorum counts hosts, also those whose daemon is away and with it what it knows. Where
/// the engine grants quorum to fewer hosts (two nodes, a quorum device), all of them must do.
std::size_t members_needed(const Hello& source, const EngineView& view) {
  return std::min(source.configured.size() / 2 + 1, view.nodes.size());
}

bool same_state(const Hello& a, const Hello& b) {
  return a.epoch == b.epoch && a.index == b.index && a.fingerprint == b.fingerprint;
}

}  // namespace

Replica::Replica(Engine& engine, Journal& journal, Clock& clock, ReplicaListener& listener,
                 std::string release)
    : engine_(engine),
      journal_(journal),
      clock_(clock),
      listener_(listener),
      release_(std::move(release)) {}

Result<void> Replica::start() {
  auto recovered = journal_.recover();
  if (!recovered) return std::unexpected(recovered.error());
  if (!recovered->snapshot.empty()) {
    auto state = decode_state(recovered->snapshot);
    if (!state) return fail("cannot use the state on this node's disk: " + state.error().text);
    state_ = std::move(*state);
  }
  for (const auto& entry : recovered->events) {
    const auto event = decode_event(entry.bytes);
    if (!event) return fail("cannot use the state on this node's disk: " + event.error().text);
    state_ = apply(std::move(state_), *event);
  }
  events_since_snapshot_ = recovered->events.size();
  engine_.start(*this);
  return {};
}

void Replica::send(const Message& message) {
  if (const auto sent = engine_.send(encode(message)); !sent) fall_out(sent.error().text);
}

void Replica::fall_out(std::string why) {
  trouble_ = std::move(why);
  agreed_.reset();
  hellos_.clear();
  held_.clear();
  const bool was_in_step = std::exchange(in_step_, false);
  if (was_in_step) listener_.on_out_of_step(trouble_);
}

void Replica::on_engine_lost(const Error& why) {
  fall_out(why.text);
  view_ = {};
}

void Replica::on_view(const EngineView& view) {
  fall_out("it is agreeing with the other members on a view");
  flush();
  view_ = view;
  view_key_ = key_of(view);
  if (const auto self = engine_.self()) self_ = *self;
  const auto me = std::ranges::find(view.members, self_, &Member::node);
  if (me == view.members.end()) {
    trouble_ = "it is not yet a member of the cluster engine's group";
    return;
  }
  incarnation_ = me->incarnation;
  if (!view.quorate) {
    trouble_ = "it is in a part of the cluster without quorum (" +
               std::to_string(view.nodes.size()) + " nodes here)";
    return;
  }
  Hello hello{.view_key = view_key_,
              .index = state_.index,
              .epoch = state_.epoch,
              .fingerprint = fingerprint(state_),
              .incarnation = incarnation_,
              .live = live_,
              .release = release_};
  if (const auto configured = engine_.configured_nodes()) {
    for (const auto& node : *configured) hello.configured.push_back({node.id, node.name});
  }
  send(hello);
}

void Replica::on_message(NodeId from, const std::string& bytes) {
  const auto message = decode_message(bytes);
  if (!message) {
    // What the others apply and we cannot would make our state another one than theirs.
    fall_out("it cannot understand what another member says: " + message.error().text);
    return;
  }
  std::visit([&](const auto& one) { receive(from, one); }, *message);
}

void Replica::receive(NodeId from, const Hello& hello) {
  if (agreed_ || hello.view_key != view_key_ || !view_.quorate) return;
  hellos_.insert_or_assign(from, hello);
  const bool all = std::ranges::all_of(
      view_.members, [&](const Member& member) { return hellos_.contains(member.node); });
  if (all) agree();
}

void Replica::agree() {
  const auto best = std::ranges::max_element(hellos_, [](const auto& a, const auto& b) {
    return rank(a.first, a.second) < rank(b.first, b.second);
  });
  const Hello& source = best->second;
  if (const auto needed = members_needed(source, view_); hellos_.size() < needed) {
    trouble_ = "it waits for more members: upbeatd runs on " + std::to_string(hellos_.size()) +
               " of the nodes here and is needed on " + std::to_string(needed) +
               ", for the others may know what happened last; start it there";
    return;
  }
  const bool warm = std::ranges::any_of(hellos_, [&](const auto& entry) {
    return entry.second.live && entry.second.epoch == source.epoch;
  });
  ViewChanged change{.epoch = next_epoch(source.epoch, view_.ring),
                     .continuity = warm ? Continuity::warm : Continuity::cold,
                     .configured = source.configured};
  for (const auto node : view_.nodes) {
    const auto member = std::ranges::find(view_.members, node, &Member::node);
    change.here.push_back({node, member == view_.members.end() ? 0 : member->incarnation});
  }
  std::ranges::sort(change.here, {}, &NodeHere::id);
  std::ranges::sort(change.configured, {}, &NodeNamed::id);
  agreed_ = std::move(change);
  persisted_.clear();

  const bool some_differ = std::ranges::any_of(
      hellos_, [&](const auto& entry) { return !same_state(entry.second, source); });
  if (best->first == self_ && some_differ) {
    const auto chunks = cut(encode(state_), view_key_);
    if (!chunks) {
      listener_.on_disk_trouble(chunks.error());
    } else {
      for (const auto& chunk : *chunks) send(chunk);
    }
  }
  if (const auto me = hellos_.find(self_); me != hellos_.end() && same_state(me->second, source)) {
    enter_view();
  } else {
    trouble_ = "it waits for the cluster's state";
    incoming_.expect(view_key_);
  }
}

void Replica::receive(NodeId /*from*/, const SnapshotChunk& chunk) {
  if (!agreed_ || in_step_) return;
  const auto whole = incoming_.add(chunk);
  if (whole) install(*whole);
}

void Replica::install(const std::string& snapshot) {
  auto state = decode_state(snapshot);
  if (!state) {
    trouble_ = "it cannot read the cluster's state: " + state.error().text;
    return;
  }
  state_ = std::move(*state);
  unwritten_.clear();
  save_snapshot();
  for (auto& one : std::exchange(unsafe_, {})) {
    one.done(
        fail("another part of the cluster went on without this request; look with `upbeat status` "
             "whether it was carried out, and ask again if not"));
  }
  const auto held = std::exchange(held_, {});
  enter_view();
  for (const auto& proposal : held) receive(proposal.from, proposal);
}

void Replica::enter_view() {
  safe_ = EventIndex();
  live_ = true;
  in_step_ = true;
  trouble_.clear();
  apply_now(*agreed_, 0);
  listener_.on_in_step();
  send_pending();
  advance_safe();
}

void Replica::receive(NodeId from, const Proposal& proposal) {
  if (agreed_ && !in_step_) {
    if (held_.size() < send_queue_limit) held_.push_back(proposal);
    return;
  }
  const bool ours = from == self_ && proposal.incarnation == incarnation_;
  if (!in_step_ || proposal.epoch != state_.epoch) return;  // void: its sender proposes it again
  apply_now(proposal.event, ours ? proposal.request : 0);
}

void Replica::apply_now(const Event& event, std::uint64_t own_request) {
  const State before = state_;
  state_ = apply(std::move(state_), event);
  std::vector<HistoryLine> lines;
  for (const auto& line : state_.log) {
    lines.push_back({state_.index, clock_.wall_ms(), line.subject, line.text});
  }
  const bool matters = !lines.empty() || std::holds_alternative<ViewChanged>(event);
  unwritten_.push_back({{state_.index, encode(event)},
                        std::move(lines),
                        matters ? Durability::synced : Durability::relaxed});
  if (!std::exchange(flush_posted_, true)) {
    end_of_turn_ = clock_.after(std::chrono::nanoseconds(0), [this] { flush(); });
  }
  if (own_request != 0) settle(own_request, state_.refused);
  listener_.on_applied(before, event, state_);
}

void Replica::settle(std::uint64_t request, const std::string& refused) {
  auto found = pending_.extract(request);
  if (found.empty() || !found.mapped().done) return;
  if (!refused.empty()) {
    found.mapped().done(fail(refused));
  } else {
    unsafe_.push_back({state_.index, std::move(found.mapped().done)});
  }
}

bool Replica::save_snapshot() {
  const auto saved = journal_.save_snapshot(state_.index, encode(state_));
  disk_behind_ = !saved;
  if (saved) {
    events_since_snapshot_ = 0;
  } else {
    listener_.on_disk_trouble(saved.error());
  }
  return !disk_behind_;
}

bool Replica::write(const std::vector<Unwritten>& batch, Durability durability) {
  for (std::size_t i = 0; i < batch.size(); ++i) {
    // One wait for the disk per batch: what is synced last carries all before it.
    const auto written = journal_.append(batch[i].event, batch[i].lines,
                                         i + 1 == batch.size() ? durability : Durability::relaxed);
    if (!written) {
      disk_behind_ = true;
      listener_.on_disk_trouble(written.error());
      return false;
    }
  }
  events_since_snapshot_ += batch.size();
  return events_since_snapshot_ < snapshot_every_events || save_snapshot();
}

void Replica::flush() {
  flush_posted_ = false;
  if (unwritten_.empty()) return;
  const auto batch = std::exchange(unwritten_, {});
  const bool matters = std::ranges::any_of(
      batch, [](const auto& one) { return one.durability == Durability::synced; });
  // A disk that has missed events takes nothing but a whole state.
  const bool was_behind = disk_behind_;
  const bool safe_here = disk_behind_
                             ? save_snapshot()
                             : write(batch, matters ? Durability::synced : Durability::relaxed);
  if (safe_here && (matters || was_behind) && in_step_)
    send(Persisted{state_.epoch, batch.back().event.index});
}

void Replica::receive(NodeId from, const Persisted& persisted) {
  // Also while we wait for the state: the others say it once, and perhaps not again for long.
  if (!agreed_ || persisted.epoch != agreed_->epoch) return;
  persisted_[from] = persisted.index;
  if (in_step_) advance_safe();
}

void Replica::advance_safe() {
  // Where the engine grants quorum to fewer (two nodes, a quorum device), those there must do.
  const std::size_t majority = std::min(state_.nodes.size() / 2 + 1, view_.nodes.size());
  if (persisted_.size() < majority) return;
  std::vector<EventIndex> indices;
  for (const auto& [node, index] : persisted_) indices.push_back(index);
  std::ranges::sort(indices, std::greater{});
  if (indices[majority - 1] <= safe_) return;
  safe_ = indices[majority - 1];
  std::vector<Outcome> safe_now;
  std::erase_if(unsafe_, [&](Unsafe& one) {
    if (one.index > safe_) return false;
    safe_now.push_back(std::move(one.done));
    return true;
  });
  for (const auto& done : safe_now) done({});
  listener_.on_safe();
}

void Replica::propose(Event event, Repeat repeat, Outcome done) {
  if (pending_.size() >= pending_limit) {
    if (done)
      done(fail("cannot take another request: " + std::to_string(pending_limit) +
                " wait for the cluster already; try again when it has quorum"));
    return;
  }
  pending_.emplace(next_request_++,
                   Pending{std::move(event), repeat, std::move(done), Epoch(), clock_.now()});
  if (in_step_) send_pending();
  if (!in_step_)
    patience_ =
        clock_.after(std::chrono::milliseconds(request_patience_ms), [this] { give_back_stale(); });
}

/// Sends what was not yet sent in this epoch. What was sent in an earlier one is void wherever it
/// is: it gets a new number, so that its late delivery is not mistaken for this one's.
void Replica::send_pending() {
  std::vector<std::uint64_t> due;
  for (const auto& [request, pending] : pending_) {
    if (pending.sent_in != state_.epoch) due.push_back(request);
  }
  for (const auto request : due) {
    auto entry = pending_.extract(request);
    Pending& pending = entry.mapped();
    const bool again = pending.sent_in != Epoch();
    if (again && pending.repeat == Repeat::never) {
      if (pending.done)
        pending.done(fail("the view changed before the request was ordered; try again"));
      continue;
    }
    if (again) entry.key() = next_request_++;
    pending.sent_in = state_.epoch;
    const Proposal proposal{.epoch = state_.epoch,
                            .event = pending.event,
                            .from = self_,
                            .incarnation = incarnation_,
                            .request = entry.key()};
    pending_.insert(std::move(entry));
    send(proposal);
    if (!in_step_) return;
  }
}

void Replica::give_back_stale() {
  if (in_step_) return;
  std::vector<Outcome> stale;
  for (auto entry = pending_.begin(); entry != pending_.end();) {
    Pending& pending = entry->second;
    const auto waited = clock_.now() - pending.asked;
    if (!pending.done || waited < std::chrono::milliseconds(request_patience_ms)) {
      ++entry;
      continue;
    }
    stale.push_back(std::move(pending.done));
    entry = pending_.erase(entry);
  }
  for (const auto& done : stale) {
    done(fail("the request was not carried out: " + trouble_ + "; try again when it has quorum"));
  }
}

}  // namespace upbeat
