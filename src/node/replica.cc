// SPDX-License-Identifier: Apache-2.0
// One state on all members. The order of things here is the safety argument: see ARCHITECTURE.md.
#include "node/replica.h"

#include <algorithm>

#include "core/apply.h"
#include "node/must_last.h"
#include "node/view_agreement.h"

namespace upbeat {
namespace {

/// Why nothing is begun in a view that is not quorate.
std::string without_quorum(const EngineView& view, Engine& engine) {
  auto here = std::to_string(view.nodes.size());
  if (const auto all = engine.configured_nodes()) here += " of " + std::to_string(all->size());
  return "it is in a part of the cluster without quorum (" + here + " nodes)";
}

}  // namespace

Replica::Replica(Engine& engine, Journal& journal, Clock& clock, ReplicaListener& listener,
                 Release release)
    : engine_(engine),
      journal_(journal),
      clock_(clock),
      listener_(listener),
      release_(std::move(release)) {}

Result<void> Replica::start() {
  auto recovered = journal_.recover();
  if (!recovered) return std::unexpected(recovered.error());
  if (!recovered->snapshot.empty()) {
    auto state = decode_state(recovered->snapshot, release_.format);
    if (!state) return fail("cannot use the state on this node's disk: " + state.error().text);
    state_ = std::move(*state);
  }
  for (const auto& entry : recovered->events) {
    const auto event = decode_event(entry.bytes, release_.format);
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

void Replica::lose_quorum() {
  if (!lost_quorum_) lost_quorum_ = clock_.now();
}

void Replica::on_engine_lost(const Error& why) {
  fall_out(why.text);
  lose_quorum();
  view_ = {};
  signs_.clear();
}

void Replica::on_view(const EngineView& view) {
  fall_out(view.quorate ? "it is agreeing with the other members on a view"
                        : without_quorum(view, engine_));
  flush();
  if (!view.quorate) lose_quorum();
  view_ = view;
  view_key_ = key_of(view);
  if (const auto self = engine_.self()) self_ = *self;
  const auto me = std::ranges::find(view.members, self_, &Member::node);
  if (me == view.members.end()) {
    trouble_ = "it is not yet a member of the cluster engine's group";
    return;
  }
  incarnation_ = me->incarnation;
  if (!view.quorate) return;
  Hello hello{.view_key = view_key_,
              .index = state_.index,
              .epoch = state_.epoch,
              .term = state_.term,
              .fingerprint = fingerprint_.of(state_),
              .incarnation = incarnation_,
              .live = live_,
              .format = release_.format,
              .release = release_.name,
              .needs_format = format_needed(state_),
              .lost_quorum = lost_quorum_ && clock_.now() - *lost_quorum_ >= quorum_gap};
  if (const auto configured = engine_.configured_nodes()) {
    for (const auto& node : *configured) hello.configured.push_back({node.id, node.name});
  }
  send(hello);
}

void Replica::on_message(NodeId from, const std::string& bytes) {
  auto message = decode_message(bytes, release_.format);
  if (!message) {
    // What the others apply and we cannot would make our state another one than theirs.
    fall_out("it cannot understand what another member says: " + message.error().text);
    return;
  }
  std::visit([&](auto& one) { receive(from, one); }, *message);
}

void Replica::receive(NodeId from, Hello& hello) {
  if (agreed_ || hello.view_key != view_key_ || !view_.quorate) return;
  hellos_.insert_or_assign(from, std::move(hello));
  if (hellos_.size() < view_.members.size()) return;
  const bool all = std::ranges::all_of(
      view_.members, [&](const Member& member) { return hellos_.contains(member.node); });
  if (all) agree();
}

void Replica::agree() {
  auto agreement = agree_on(view_, hellos_);
  const Hello& source = hellos_.at(agreement.source);
  if (!agreement.waits_for.empty()) {
    trouble_ = std::move(agreement.waits_for);
    return;
  }
  if (release_.format < source.needs_format) {
    trouble_ = "the cluster's state is that of a newer release (" + source.release +
               ") than this daemon's (" + release_.name + "): upgrade Upbeat on this node";
    return;
  }
  agreed_ = std::move(agreement.change);
  releases_ = std::move(agreement.releases);
  persisted_.clear();
  ahead_ = 0;
  safe_ = EventIndex();
  if (agreement.source == self_ && agreement.some_differ) {
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
  auto state = decode_state(snapshot, release_.format);
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
  live_ = true;
  lost_quorum_.reset();
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
  const auto durability =
      must_last(before, event, state_) ? Durability::synced : Durability::relaxed;
  unwritten_.push_back({{state_.index, encode(event)}, std::move(lines), durability});
  if (!std::exchange(flush_posted_, true)) {
    end_of_turn_ = clock_.after(std::chrono::nanoseconds(0), [this] { flush(); });
  }
  if (own_request != 0) settle(own_request, durability);
  listener_.on_applied(before, event, state_);
  if (state_.term != before.term && in_step_) advance_safe();
}

void Replica::settle(std::uint64_t request, Durability durability) {
  auto found = pending_.extract(request);
  if (found.empty() || !found.mapped().done) return;
  if (!state_.refused.empty()) {
    found.mapped().done(fail(state_.refused));
  } else if (durability == Durability::relaxed) {
    found.mapped().done({});  // nobody waits for the disk, so nothing else would tell
  } else {
    unsafe_.push_back({state_.index, std::move(found.mapped().done)});
  }
}

void Replica::say_persisted(EventIndex index) {
  signs_.emplace_back(state_.epoch, SignOfLife{clock_.now(), newest_back_});
  send(Persisted{state_.epoch, index});
}

void Replica::give_sign_of_life(std::function<void(const SignOfLife&)> came_back) {
  sign_came_back_ = std::move(came_back);
  const auto known = persisted_.find(self_);
  if (in_step_) say_persisted(known == persisted_.end() ? EventIndex() : known->second);
}

void Replica::receive(NodeId from, const Persisted& persisted) {
  std::optional<SignOfLife> back;
  while (from == self_ && !signs_.empty() && !back && signs_.front().first <= persisted.epoch) {
    if (signs_.front().first == persisted.epoch) back = signs_.front().second;
    signs_.pop_front();
  }
  if (back) newest_back_ = back->sent;
  // Also while we wait for the state: the others say it once, and perhaps not again for long.
  if (!agreed_ || persisted.epoch != agreed_->epoch) return;
  auto& known = persisted_[from];
  if (known <= safe_ && persisted.index > safe_) ++ahead_;
  known = std::max(known, persisted.index);
  if (!in_step_) return;
  advance_safe();
  if (!back || !sign_came_back_) return;
  // It may give another sign, and say anew whom to tell.
  const auto told = sign_came_back_;
  told(*back);
}

Result<void> Replica::tell(const Message& message) {
  if (!in_step_) return fail("this node is not in step with the cluster: " + trouble_);
  // Who cannot read what a member says falls out of step.
  if (auto why = why_not_known(format_needed(message)); !why.empty()) return fail(std::move(why));
  send(message);
  return {};
}

void Replica::receive(NodeId from, const DrillAsked& asked) {
  if (in_step_ && asked.of == self_) listener_.on_drill(from, asked);
}

void Replica::receive(NodeId from, const DrillReported& reported) {
  if (in_step_ && reported.to == self_) listener_.on_drill(from, reported);
}

void Replica::advance_safe() {
  // Where fewer go on (view_agreement.cc), the disks of those must do, once the others are off:
  // they come back through a view with us, for they do not go on by themselves.
  if (!why_nothing_begins(state_).empty()) return;
  const std::size_t majority = std::min(state_.nodes.size() / 2 + 1, releases_.size());
  if (ahead_ < majority) return;
  std::vector<EventIndex> indices;
  for (const auto& [node, index] : persisted_) indices.push_back(index);
  std::ranges::sort(indices, std::greater{});
  safe_ = indices[majority - 1];
  ahead_ = static_cast<std::size_t>(
      std::ranges::count_if(indices, [&](EventIndex index) { return index > safe_; }));
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
  auto& pending = pending_[next_request_++];
  pending = {std::move(event), repeat, std::move(done), Epoch(), clock_.now(), {}};
  pending.patience =
      clock_.after(std::chrono::milliseconds(request_patience_ms), [this] { give_back_stale(); });
  if (in_step_) send_pending();
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
    if (const auto why = why_not_known(format_needed(pending.event)); !why.empty()) {
      if (pending.done) pending.done(fail(why));
      continue;
    }
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

/// All who apply one order must know all of it.
std::string Replica::why_not_known(std::uint32_t format) const {
  for (const auto& [node, release] : releases_) {
    if (release.format >= format) continue;
    return "cannot do that yet: upbeatd on " + name_of(state_, node) + " is of release " +
           release.name + ", which does not know it; upgrade Upbeat there first";
  }
  return {};
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
