// SPDX-License-Identifier: Apache-2.0
// The part of the one who asks in a drill.
#include "node/drill_round.h"

#include <algorithm>
#include <utility>

#include "base/printable.h"

namespace upbeat {
namespace {

/// Why the node cannot be asked; empty: it can.
std::string why_away(const State& state, NodeId node) {
  const auto* here = online(state, node);
  if (here == nullptr) return "it is not online";
  return here->incarnation == 0 ? "its upbeatd does not run" : "";
}

/// What another member says may be anything.
DrillReport shown(DrillReport report) {
  const auto cut = [](std::string& text) { text = printable(text, drill_text_limit_bytes); };
  for (auto& peer : report.peers) {
    cut(peer.hypervisor);
    cut(peer.way_trouble);
    for (auto& device : peer.devices) {
      cut(device.device);
      cut(device.plug);
      cut(device.trouble);
    }
  }
  for (auto& alarm : report.alarms) cut(alarm);
  return report;
}

}  // namespace

/// Answers to what an earlier life of this daemon asked must not be taken for answers to this.
std::uint64_t DrillRound::next_number() {
  last_number_ = std::max(last_number_ + 1, static_cast<std::uint64_t>(clock_.wall_ms()));
  return last_number_;
}

Result<std::uint64_t> DrillRound::begin() {
  if (drill_ && !is_over(drill_->answers)) return drill_->drill;
  if (const auto trouble = hooks_.trouble(); !trouble.empty()) {
    return fail("cannot drill: " + trouble + "; ask on a node that has quorum");
  }
  drill_ = DrillSoFar{.drill = next_number(), .begun_wall_ms = clock_.wall_ms(), .answers = {}};
  for (const auto& [id, node] : hooks_.state().nodes) {
    drill_->answers[id] = {};
    if (auto why = why_away(hooks_.state(), id); !why.empty()) silence(id, std::move(why));
  }
  ask_next();
  return drill_->drill;
}

void DrillRound::ask_next() {
  while (true) {
    auto& answers = drill_->answers;
    const auto next = std::ranges::find_if(
        answers, [](const auto& entry) { return entry.second.answering == Answering::waiting; });
    asked_ = next == answers.end() ? NodeId() : next->first;
    patience_.cancel();
    if (asked_ == NodeId()) return;
    const auto asked = hooks_.ask({.drill = drill_->drill, .of = asked_, .kind = DrillKind::look});
    if (asked) break;
    silence(asked_, asked.error().text);
  }
  patience_ = clock_.after(member_patience, [this] {
    silence(asked_, "it has not answered within " + std::to_string(member_patience.count()) + " s");
    ask_next();
  });
}

void DrillRound::silence(NodeId member, std::string why) {
  drill_->answers[member] = {
      .answering = Answering::silent, .trouble = std::move(why), .report = {}};
}

void DrillRound::on_report(NodeId from, const DrillReported& reported) {
  if (reset_ && reset_->drill == reported.drill && reset_->node == from) {
    const auto why = printable(reported.refused, drill_text_limit_bytes);
    return settle(why.empty() ? Result<void>() : fail(why));
  }
  if (!drill_ || drill_->drill != reported.drill || !drill_->answers.contains(from)) return;
  if (!reported.refused.empty()) {
    silence(from, printable(reported.refused, drill_text_limit_bytes));
  } else {
    drill_->answers[from] = {
        .answering = Answering::answered, .trouble = {}, .report = shown(reported.report)};
  }
  if (from == asked_) ask_next();
}

void DrillRound::on_change() {
  const auto trouble = hooks_.trouble();
  if (reset_) {
    const auto why = trouble.empty() ? why_away(hooks_.state(), reset_->node) : trouble;
    if (!why.empty()) settle(fail("it could not be asked: " + why));
  }
  if (!drill_ || is_over(drill_->answers)) return;
  for (auto& [id, answer] : drill_->answers) {
    if (answer.answering != Answering::waiting) continue;
    auto why = trouble.empty() ? why_away(hooks_.state(), id) : trouble;
    if (!why.empty()) silence(id, std::move(why));
  }
  if (drill_->answers[asked_].answering != Answering::waiting) ask_next();
}

void DrillRound::ask_for_reset(NodeId node, std::function<void(Result<void>)> done) {
  if (const auto trouble = hooks_.trouble(); !trouble.empty()) {
    return done(fail("cannot drill: " + trouble + "; ask on a node that has quorum"));
  }
  if (reset_) return done(fail("cannot drill: another node is asked for the same just now"));
  reset_ = Reset{.drill = next_number(), .node = node, .done = std::move(done), .patience = {}};
  reset_->patience = clock_.after(consent_patience, [this] {
    settle(fail("it has not answered within " + std::to_string(consent_patience.count()) + " s"));
  });
  const auto asked = hooks_.ask({.drill = reset_->drill, .of = node, .kind = DrillKind::watchdog});
  if (!asked) settle(asked);
}

void DrillRound::settle(const Result<void>& consent) {
  const auto reset = std::exchange(reset_, std::nullopt);
  if (!reset) return;
  if (consent) return reset->done({});
  reset->done(fail("cannot let the watchdog of " + name_of(hooks_.state(), reset->node) +
                   " reset it: " + consent.error().text));
}

}  // namespace upbeat
