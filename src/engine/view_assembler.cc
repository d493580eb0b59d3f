// SPDX-License-Identifier: Apache-2.0
// Makes whole views out of what Corosync tells piecemeal, the same ones on every member.
#include "engine/view_assembler.h"

#include <algorithm>
#include <utility>

#include "base/prng.h"

namespace upbeat {
namespace {

/// Quorum notices that may wait for the stream of messages to reach their ring.
constexpr std::size_t notices_limit = 1024;

class Fingerprint {
 public:
  Fingerprint& add(std::uint64_t value) {
    sum_ = mix64(sum_ ^ mix64(value + 0x9E3779B97F4A7C15U));
    return *this;
  }
  Fingerprint& add(RingId ring) { return add(ring.sequence).add(ring.leader.get()); }
  [[nodiscard]] std::uint64_t get() const { return sum_; }

 private:
  std::uint64_t sum_ = 0;
};

/// 53 bits, so that the number survives a JSON reader that knows only doubles.
std::uint64_t next_incarnation(std::uint64_t incarnation, RingId ring) {
  return Fingerprint().add(incarnation).add(ring).get() >> 11U;
}

std::size_t bytes_of(const Frame& frame) {
  const auto* payload = std::get_if<Payload>(&frame);
  return payload == nullptr ? sizeof(Frame) : payload->bytes.size();
}

}  // namespace

ViewAssembler::ViewAssembler(ViewSink& sink, ProcessId self, std::uint64_t incarnation)
    : sink_(sink), self_(self), incarnation_(incarnation) {}

void ViewAssembler::on_group(GroupChange change) { enqueue(std::move(change)); }

void ViewAssembler::on_ring(RingId ring) { enqueue(ring); }

void ViewAssembler::on_frame(ProcessId from, Frame frame) {
  enqueue(FrameFrom{from, std::move(frame)});
}

void ViewAssembler::on_quorum(QuorumNotice notice) {
  std::ranges::sort(notice.nodes);
  notices_.push_back(std::move(notice));
  if (notices_.size() > notices_limit) notices_.pop_front();
  follow_turns();
  pump();
}

void ViewAssembler::waited(std::uint64_t round) {
  if (round_ == Round::open && round == fingerprint()) sink_.say(Proceed{round});
}

void ViewAssembler::enqueue(Event event) {
  if (const auto* sent = std::get_if<FrameFrom>(&event)) held_bytes_ += bytes_of(sent->frame);
  waiting_.push_back(std::move(event));
  pump();
  if (waiting_.size() + held_.size() > held_limit_events || held_bytes_ > held_limit_bytes) {
    sink_.assembly_overflowed();
  }
}

void ViewAssembler::pump() {
  while (!waiting_.empty()) {
    if (const auto* ring = std::get_if<RingId>(&waiting_.front())) {
      if (take(*ring) == Waits::yes) return;
      waiting_.pop_front();
      continue;
    }
    Event event = std::move(waiting_.front());
    waiting_.pop_front();
    if (const auto* change = std::get_if<GroupChange>(&event)) {
      take(*change);
    } else {
      auto& sent = std::get<FrameFrom>(event);
      held_bytes_ -= bytes_of(sent.frame);
      take(sent.from, sent.frame);
    }
  }
}

void ViewAssembler::take(const GroupChange& change) {
  for (const ProcessId& process : change.left) peers_.erase(process);
  for (const ProcessId& process : change.joined) peers_[process] = Peer{};
  for (const ProcessId& process : change.members)
    peers_.try_emplace(process);  // we are the new one
  if (change.in == GroupChange::In::new_ring || now_.ring == RingId{}) {
    joined_with_ring_ = joined_with_ring_ || !change.joined.empty();
    return;
  }
  reopened_ = 0;
  if (!change.joined.empty() || round_ == Round::open) {
    open_round();
  } else {
    install();
  }
}

ViewAssembler::Waits ViewAssembler::take(RingId ring) {
  // A process that joins while the ring changes is told the ring twice.
  if (ring == now_.ring && !joined_with_ring_) return Waits::no;
  if (ring == now_.ring) {
    adopt(QuorumNotice(now_));
    return Waits::no;
  }
  std::erase_if(notices_, [&](const auto& notice) { return notice.ring.sequence < ring.sequence; });
  if (notices_.empty()) return Waits::yes;
  if (notices_.front().ring != ring) return Waits::no;  // the quorum service went past it
  QuorumNotice notice = std::move(notices_.front());
  notices_.pop_front();
  adopt(notice);
  return Waits::no;
}

void ViewAssembler::adopt(const QuorumNotice& notice) {
  release_held();
  now_ = notice;
  reopened_ = 0;
  const bool somebody_is_new = std::exchange(joined_with_ring_, false);
  if (somebody_is_new || round_ == Round::open) {
    open_round();
  } else {
    if (view_) view_->quorate = now_.quorate;
    install();
  }
  follow_turns();
}

void ViewAssembler::follow_turns() {
  while (!notices_.empty() && notices_.front().ring == now_.ring) {
    if (notices_.front().quorate != now_.quorate) {
      now_.quorate = notices_.front().quorate;
      sink_.say(QuorumTurn{now_.ring, now_.quorate});
    }
    notices_.pop_front();
  }
}

void ViewAssembler::open_round() {
  release_held();
  round_ = Round::open;
  turned_.reset();
  for (auto& [process, peer] : peers_) peer.greeting.reset();
  greet();
  sink_.wait_for_round(fingerprint());
}

void ViewAssembler::greet() {
  Greeting greeting{.round = fingerprint(), .incarnation = incarnation_, .quorate = now_.quorate};
  for (const auto& [process, peer] : peers_) {
    if (peer.incarnation) greeting.together.push_back(process.node);
  }
  if (view_ && speakers_.contains(self_)) {
    for (const Member& member : view_->members) {
      if (std::ranges::find(greeting.together, member.node) == greeting.together.end()) {
        greeting.missed.push_back(member);
      }
    }
  }
  sink_.say(greeting);
}

void ViewAssembler::take(const ProcessId& from, Frame& frame) {
  if (auto* payload = std::get_if<Payload>(&frame)) {
    if (round_ == Round::closed) return deliver(from, payload->bytes);
    held_bytes_ += payload->bytes.size();
    held_.push_back({from, std::move(frame)});
  } else if (const auto* greeting = std::get_if<Greeting>(&frame)) {
    take(from, *greeting);
  } else if (const auto* proceed = std::get_if<Proceed>(&frame)) {
    if (round_ == Round::open && proceed->round == fingerprint()) complete();
  } else {
    take(std::get<QuorumTurn>(frame));
  }
}

void ViewAssembler::take(const ProcessId& from, const Greeting& greeting) {
  const auto peer = peers_.find(from);
  if (peer == peers_.end() || greeting.round != fingerprint()) return;
  if (round_ == Round::closed) {
    if (peer->second.incarnation) return;
    ++reopened_;  // one who had been silent speaks
    open_round();
    return;
  }
  peer->second.greeting = greeting;
  const auto spoke = [](const auto& entry) { return entry.second.greeting.has_value(); };
  if (std::ranges::all_of(peers_, spoke)) complete();
}

void ViewAssembler::take(const QuorumTurn& turn) {
  if (turn.ring != now_.ring) return;
  if (round_ == Round::open) {
    turned_ = turn.quorate;
  } else if (view_ && view_->quorate != turn.quorate) {
    view_->quorate = turn.quorate;
    install();
  }
}

void ViewAssembler::complete() {
  bool quorate = true;
  for (auto& [process, peer] : peers_) {
    if (!peer.greeting) {
      peer.incarnation.reset();
      continue;
    }
    quorate = quorate && peer.greeting->quorate;
    peer.incarnation = peer.greeting->incarnation;
  }
  part_those_who_went_apart();
  round_ = Round::closed;
  if (!view_) view_.emplace();
  view_->quorate = turned_.value_or(quorate);
  const auto& me = peers_[self_];
  incarnation_ = me.incarnation.value_or(next_incarnation(incarnation_, now_.ring));
  install();
  release_held();
}

void ViewAssembler::part_those_who_went_apart() {
  const auto larger = [](const Greeting& a, const Greeting& b) {
    if (a.together.size() != b.together.size()) return a.together.size() > b.together.size();
    return a.together < b.together;
  };
  const auto missed = [](const Greeting& by, NodeId node, std::uint64_t incarnation) {
    return std::ranges::find(by.missed, Member{node, incarnation}) != by.missed.end();
  };
  for (auto& [process, peer] : peers_) {
    if (!peer.greeting) continue;
    const Greeting& greeting = *peer.greeting;
    const bool apart = std::ranges::any_of(peers_, [&](const auto& entry) {
      const auto& [other, its] = entry;
      if (!its.greeting || !missed(greeting, other.node, its.greeting->incarnation)) return false;
      return !missed(*its.greeting, process.node, greeting.incarnation) ||
             larger(*its.greeting, greeting);
    });
    if (apart) peer.incarnation = next_incarnation(greeting.incarnation, now_.ring);
  }
}

void ViewAssembler::install() {
  if (!view_) view_.emplace();
  view_->ring = now_.ring;
  view_->nodes = now_.nodes;
  view_->members.clear();
  speakers_.clear();
  for (const auto& [process, peer] : peers_) {
    if (!peer.incarnation) continue;
    view_->members.push_back({process.node, *peer.incarnation});
    speakers_.insert(process);
  }
  if (!speakers_.contains(self_)) {
    greet();  // we had been silent too long; the others take us in when they hear us
  } else if (told_ != view_) {
    told_ = view_;
    sink_.assembled_view(*told_);
  }
}

void ViewAssembler::release_held() {
  while (!held_.empty()) {
    const FrameFrom sent = std::move(held_.front());
    held_.pop_front();
    const auto& bytes = std::get<Payload>(sent.frame).bytes;
    held_bytes_ -= bytes.size();
    deliver(sent.from, bytes);
  }
}

void ViewAssembler::deliver(const ProcessId& from, const std::string& bytes) {
  if (speakers_.contains(self_) && speakers_.contains(from)) {
    sink_.assembled_message(from.node, bytes);
  }
}

std::uint64_t ViewAssembler::fingerprint() const {
  Fingerprint sum;
  sum.add(now_.ring).add(reopened_);
  for (const auto& [process, peer] : peers_) sum.add(process.node.get()).add(process.pid);
  return sum.get();
}

}  // namespace upbeat
