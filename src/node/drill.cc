// SPDX-License-Identifier: Apache-2.0
// The node's loop in drills: asks, takes part, and lets its watchdog reset its host if it is told
// to.
#include <algorithm>
#include <utility>

#include "base/printable.h"
#include "node/node.h"

namespace upbeat {

DrillRound::Hooks Node::drill_hooks() {
  return {.state = [this]() -> const State& { return state(); },
          .trouble = [this] { return trouble(); },
          .ask = [this](const DrillAsked& asked) -> Result<void> {
            if (asked.of != self()) return replica_.tell(asked);
            // Never from within the call.
            own_part_ = ports_.clock.after({}, [this, asked] { on_drill(self(), asked); });
            return {};
          }};
}

void Node::answer_drill(NodeId to, const DrillReported& reported) {
  if (to == self()) return drill_.on_report(self(), reported);
  if (const auto told = replica_.tell(reported); !told) {
    say("could not answer a drill: " + told.error().text);
  }
}

void Node::on_drill(NodeId from, const DrillReported& reported) {
  drill_.on_report(from, reported);
}

void Node::on_drill(NodeId from, const DrillAsked& asked) {
  if (asked.kind == DrillKind::watchdog) {
    say("is asked by " + name_of(state(), from) + " to let its watchdog reset it");
    return let_watchdog_reset([this, from, asked](const Result<void>& consent) {
      answer_drill(from, {.drill = asked.drill,
                          .to = from,
                          .refused = consent ? "" : consent.error().text,
                          .report = {}});
    });
  }
  const auto begun = look_around_.look(self(), [this, from, asked](std::vector<PeerReport> peers) {
    answer_drill(from, {.drill = asked.drill,
                        .to = from,
                        .refused = {},
                        .report = {.has_watchdog = ports_.watchdog != nullptr,
                                   .peers = std::move(peers),
                                   .alarms = shown_alarms()}});
  });
  if (begun) return;
  answer_drill(from,
               {.drill = asked.drill, .to = from, .refused = begun.error().text, .report = {}});
}

std::vector<std::string> Node::shown_alarms() const {
  auto list = alarms();
  if (frozen_) list.insert(list.begin(), "it has frozen itself: " + *frozen_);
  if (list.size() > drill_alarms_limit) list.resize(drill_alarms_limit);
  for (auto& alarm : list) alarm = printable(alarm, drill_text_limit_bytes);
  return list;
}

/// What must be true before nothing feeds the watchdog: nobody loses a guest by it.
std::string Node::why_no_reset() const {
  if (ports_.watchdog == nullptr) {
    return "it has no watchdog; give it one by [watchdog] in /etc/upbeat/upbeat.toml";
  }
  if (!replica_.in_step() || frozen_) return trouble();
  const auto& node = state().nodes.at(self());
  if (!self_fence_.armed() || node.watchdog.count() == 0) {
    return "its watchdog is not armed; `upbeat status` there says why";
  }
  if (reset_wanted_ || going_down_) return "it goes down already";
  if (!node.drain) return "it is not drained; `upbeat drain " + node.name + "` does that";
  if (!node.foreign.empty()) {
    return "a guest that Upbeat does not manage is on it: " + node.foreign.front().vm.get();
  }
  const auto here = std::ranges::count_if(state().nodes, [](const auto& entry) {
    return std::holds_alternative<Online>(entry.second.standing);
  });
  if (static_cast<std::size_t>(here - 1) * 2 <= state().nodes.size()) {
    return "without it no more than half of the nodes would be left";
  }
  if (!is_empty(state(), self()) || !work_.idle()) return "guests may still be running on it";
  return {};
}

/// It says good-bye first, as if it were shut down: nothing is placed on it, and nobody fences it.
void Node::let_watchdog_reset(Outcome done) {
  if (const auto why = why_no_reset(); !why.empty()) return done(fail(why));
  reset_wanted_ = true;
  replica_.propose(NodeLeaving{.node = self()}, Repeat::never,
                   [this, done = std::move(done)](const Result<void>& granted) {
                     if (!granted) {
                       reset_wanted_ = false;
                       return done(granted);
                     }
                     say("feeds its watchdog no more: within " +
                         std::to_string(options_.watchdog_timeout.count() / 1000) +
                         " s it resets this host");
                     self_fence_.starve([this] { watchdog_failed(); });
                     done({});
                   });
}

/// A watchdog that does not do what it promises must prove nothing.
void Node::watchdog_failed() {
  alarm("watchdog drill",
        "the watchdog has not reset this host within its " +
            std::to_string(options_.watchdog_timeout.count() / 1000) +
            " s though nothing fed it: it is not used any more until upbeatd is restarted; check "
            "its driver, and that nothing else feeds it");
  reset_wanted_ = false;
  self_fence_.retire([this](const Result<void>& off) {
    if (!off) say(off.error().text);
  });
  reconcile();
}

}  // namespace upbeat
