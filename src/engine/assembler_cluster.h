// SPDX-License-Identifier: Apache-2.0
// For tests: view assemblers on a played Corosync, which may be late, silent and out of step.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/prng.h"
#include "engine/engine_contract.h"
#include "engine/view_assembler.h"

namespace upbeat {

/// A process with its assembler, and the two streams that its Corosync has for it.
class Process final : public ViewSink {
 public:
  using Speak = std::function<void(ProcessId, const Frame&)>;

  Process(ProcessId id, std::uint64_t incarnation, Life& life, Speak speak)
      : id_(id), life_(life), speak_(std::move(speak)), assembler_(*this, id, incarnation) {}

  [[nodiscard]] ProcessId id() const { return id_; }

  std::deque<std::function<void(ViewAssembler&)>> stream;
  std::deque<QuorumNotice> quorum;
  std::optional<std::uint64_t> waits_for;
  RingId ring;                        // what its Corosync is in; not what it has heard
  std::vector<ProcessId> neighbours;  // in that ring's group, itself included
  int said = 0;
  bool hangs = false;

  bool hear_stream() {
    if (stream.empty() || hangs) return false;
    const auto next = std::move(stream.front());
    stream.pop_front();
    next(assembler_);
    return true;
  }
  bool hear_quorum() {
    if (quorum.empty() || hangs) return false;
    const QuorumNotice next = std::move(quorum.front());
    quorum.pop_front();
    assembler_.on_quorum(next);
    return true;
  }
  bool wait_ends() {
    if (!waits_for || hangs) return false;
    assembler_.waited(*std::exchange(waits_for, std::nullopt));
    return true;
  }

  void assembled_view(const EngineView& view) override {
    life_.heard.push_back({.what = Heard::What::view, .view = view});
  }
  void assembled_message(NodeId from, const std::string& bytes) override {
    life_.heard.push_back({.what = Heard::What::message, .from = from, .text = bytes});
  }
  void say(const Frame& frame) override {
    ++said;
    speak_(id_, frame);
  }
  void wait_for_round(std::uint64_t round) override { waits_for = round; }
  void assembly_overflowed() override { life_.heard.push_back({.what = Heard::What::lost}); }

 private:
  ProcessId id_;
  Life& life_;
  Speak speak_;
  ViewAssembler assembler_;
};

/// Corosyncs as their sources say they are: rings, the process group, and a quorum service apart.
class Corosyncs {
 public:
  using Nodes = std::vector<std::uint32_t>;

  explicit Corosyncs(std::uint64_t seed = 1) : prng_(seed) {}

  /// A process on a node that is in no ring yet.
  Process& add(std::uint32_t node) {
    lives_.push_back(std::make_unique<Life>(Life{NodeId(node), {}}));
    const ProcessId id{NodeId(node), static_cast<std::uint32_t>(100 + lives_.size())};
    processes_[NodeId(node)] = std::make_unique<Process>(
        id, lives_.size(), *lives_.back(),
        [this](ProcessId from, const Frame& frame) { cast(from, frame); });
    return at(node);
  }

  /// A new ring out of nodes that come along the `ways` given: those of one way have heard the
  /// same.
  void ring(const std::vector<Nodes>& ways, bool quorate = true) {
    const RingId id{sequence_ += 4, NodeId(ways.front().front())};
    QuorumNotice notice{.ring = id, .quorate = quorate};
    std::vector<ProcessId> group;
    for (const Nodes& way : ways) {
      for (const std::uint32_t node : way) {
        notice.nodes.emplace_back(node);
        group.push_back(at(node).id());
      }
    }
    for (const Nodes& way : ways) {
      for (const std::uint32_t node : way) change_ring(at(node), way, id, group);
    }
    for (const ProcessId& process : group) processes_.at(process.node)->quorum.push_back(notice);
  }

  void send(std::uint32_t node, const std::string& text) { cast(at(node).id(), Payload{text}); }

  /// The process dies, its Corosync does not.
  void kill(std::uint32_t node) {
    const ProcessId gone = at(node).id();
    auto rest = at(node).neighbours;
    std::erase(rest, gone);
    for (const ProcessId& other : rest) {
      Process& process = *processes_.at(other.node);
      process.neighbours = rest;
      process.stream.push_back(
          [rest, gone](auto& assembler) { assembler.on_group({.members = rest, .left = {gone}}); });
    }
    processes_.erase(NodeId(node));
  }

  /// Another process joins in the ring of `beside`.
  Process& join(std::uint32_t node, std::uint32_t beside) {
    Process& fresh = add(node);
    Process& old = at(beside);
    auto group = old.neighbours;
    group.push_back(fresh.id());
    std::ranges::sort(group);
    fresh.ring = old.ring;
    for (const ProcessId& member : group) {
      Process& process = *processes_.at(member.node);
      process.neighbours = group;
      process.stream.push_back([group, joined = fresh.id()](auto& assembler) {
        assembler.on_group({.members = group, .joined = {joined}});
      });
    }
    fresh.stream.push_back([ring = old.ring](auto& assembler) { assembler.on_ring(ring); });
    QuorumNotice notice{.ring = old.ring, .quorate = true};
    for (const ProcessId& member : group) notice.nodes.push_back(member.node);
    fresh.quorum.push_back(notice);
    return fresh;
  }

  /// Lets everybody hear everything, in an order that chance decides; nobody's wait ends.
  void settle() {
    for (bool heard = true; heard;) {
      heard = false;
      for (auto& [node, process] : processes_) {
        const bool some = prng_.below(2) == 0 ? process->hear_stream() : process->hear_quorum();
        const bool more = !process->stream.empty() || !process->quorum.empty();
        heard = heard || some || (more && !process->hangs);
      }
    }
  }

  /// One thing is heard by somebody.
  void step() {
    if (processes_.empty()) return;
    auto& process = *std::next(processes_.begin(), prng_.below(processes_.size()))->second;
    if (prng_.below(2) == 0 ? process.hear_stream() : process.hear_quorum()) return;
    if (prng_.below(20) == 0) process.wait_ends();
  }

  Process& at(std::uint32_t node) { return *processes_.at(NodeId(node)); }
  [[nodiscard]] bool has(std::uint32_t node) const { return processes_.contains(NodeId(node)); }
  Prng& prng() { return prng_; }

  [[nodiscard]] const Life& life(std::uint32_t node) const {
    for (const auto& life : std::views::reverse(lives_)) {
      if (life->node == NodeId(node)) return *life;
    }
    throw std::out_of_range("no such life");
  }
  [[nodiscard]] std::vector<EngineView> views(std::uint32_t node) const {
    std::vector<EngineView> views;
    for (const auto& heard : life(node).heard) {
      if (heard.what == Heard::What::view) views.push_back(heard.view);
    }
    return views;
  }
  [[nodiscard]] const std::vector<std::unique_ptr<Life>>& lives() const { return lives_; }

 private:
  void change_ring(Process& process, const Nodes& way, RingId id,
                   const std::vector<ProcessId>& group) {
    const auto came_along = [&](const ProcessId& other) {
      return std::ranges::find(way, other.node.get()) != way.end();
    };
    const auto knew = [&](const ProcessId& other) {
      return std::ranges::find(process.neighbours, other) != process.neighbours.end();
    };
    std::vector<ProcessId> left;
    std::vector<ProcessId> joined;
    for (const auto& other : process.neighbours) {
      if (!came_along(other)) left.push_back(other);
    }
    for (const auto& other : group) {
      if (!came_along(other) || !knew(other)) joined.push_back(other);
    }
    const auto in = process.neighbours.empty() ? GroupChange::In::same_ring  // its own join
                                               : GroupChange::In::new_ring;
    if (!left.empty() || !joined.empty()) {
      process.stream.push_back([=](auto& assembler) {
        assembler.on_group({.in = in, .members = group, .left = left, .joined = joined});
      });
    }
    process.stream.push_back([id](auto& assembler) { assembler.on_ring(id); });
    process.neighbours = group;
    process.ring = id;
  }

  void cast(ProcessId from, const Frame& frame) {
    for (const ProcessId& other : processes_.at(from.node)->neighbours) {
      processes_.at(other.node)->stream.push_back([from, frame](auto& assembler) {
        assembler.on_frame(from, frame);
      });
    }
  }

  Prng prng_;
  std::uint64_t sequence_ = 0;
  std::vector<std::unique_ptr<Life>> lives_;
  std::map<NodeId, std::unique_ptr<Process>> processes_;
};

}  // namespace upbeat
