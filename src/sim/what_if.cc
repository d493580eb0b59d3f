// SPDX-License-Identifier: Apache-2.0
// What would happen to a live cluster if …
#include "sim/what_if.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "core/explain.h"
#include "sim/command.h"
#include "sim/under_way.h"

namespace upbeat {
namespace {

using std::chrono::milliseconds;

/// Before the commands what is under way goes on for so long: then the engines, which have only
/// just met, are at rest, and notice a loss as fast as those of a cluster that has long been up.
constexpr milliseconds lead_in{3'000};
/// Between two looks at the guests.
constexpr milliseconds look_interval{100};
/// A view is agreed on in less: who has none for so long has lost quorum.
constexpr milliseconds no_member_limit{30'000};

constexpr const char* no_quorum_text =
    "the cluster has no quorum, and without it nothing is started or moved";

/// Where a guest is, seen from outside.
struct Spot {
  std::string on;  ///< empty: nowhere
  bool answers = false;
  bool operator==(const Spot&) const = default;
};

/// What was seen of one guest so far.
struct Seen {
  std::string from;  ///< where it ran before
  Spot spot;
  bool was_away = false;
  milliseconds away{0};
  milliseconds changed{0};  ///< when its spot did, last
};

/// Hears what the play tells while it runs.
class Ear final : public WorldWatcher {
 public:
  explicit Ear(const World& world) : world_(world) {}

  struct Moves {
    std::uint32_t count = 0;
    milliseconds paused{0};
  };
  std::vector<LogEntry> log;
  std::vector<Refusal> refused;
  std::map<NodeId, milliseconds> proved_off;
  std::map<VmId, Moves> moves;  ///< live, that went well

  void on_log(const LogEntry& entry) override { log.push_back(entry); }
  void on_refused(const std::string& words, const std::string& why) override {
    refused.push_back({words, why});
  }
  void on_news(const Machine& machine, const State& before, const Event& event) override {
    const auto& after = machine.node()->state();
    if (const auto* ended = std::get_if<MigrationEnded>(&event); ended && ended->success) {
      auto& one = moves[ended->vm];
      ++one.count;
      one.paused += milliseconds(ended->downtime_ms);
    }
    for (const auto& [id, node] : after.nodes) {
      if (!is_proved_off(after, id) || is_proved_off(before, id)) continue;
      proved_off[id] = world_.now();
    }
  }

 private:
  static bool is_proved_off(const State& state, NodeId id) {
    const auto found = state.nodes.find(id);
    return found != state.nodes.end() && std::holds_alternative<ProvedOff>(found->second.standing);
  }

  const World& world_;
};

class Play {
 public:
  explicit Play(const State& live) : live_(live), world_(live), ear_(world_), last_known_(live) {
    look();
    for (const auto& [id, vm] : live.vms) {
      auto& seen = seen_[id];
      seen.spot = spots_[id];
      seen.from = seen.spot.on;
    }
    world_.watch(ear_);
  }

  [[nodiscard]] bool quorate() const { return world_.member() != nullptr; }

  void run(const std::vector<std::pair<std::string, Deed>>& deeds) {
    while (now() < milliseconds(0)) {
      world_.pass(look_interval);
      look();
    }
    for (const auto& [words, deed] : deeds) {
      world_.log(">", words);
      deed(world_);
    }
    look();
    while (now() < what_if_limit && !is_over()) {
      world_.pass(look_interval);
      look();
    }
  }

  WhatIf tell() {
    WhatIf story{.quorate = quorate(),
                 .nodes_on = nodes_on(),
                 .nodes_all = world_.machines().size(),
                 .length = rest_since_.value_or(now()),
                 .still_under_way = still_,
                 .moves = measured_moves(live_)};
    if (!story.quorate) story.quorum_lost = no_member_since_;
    for (const auto& [id, seen] : seen_) {
      if (auto guest = tell_guest(id, seen)) story.guests.push_back(std::move(*guest));
    }
    for (const auto& [id, node] : live_.nodes) {
      if (auto one = tell_node(id)) story.nodes.push_back(std::move(*one));
    }
    story.refused = std::move(ear_.refused);
    story.log = std::move(ear_.log);
    for (auto& entry : story.log) entry.at -= lead_in;
    return story;
  }

 private:
  /// Since the commands.
  [[nodiscard]] milliseconds now() const { return world_.now() - lead_in; }

  // --- while it plays --------------------------------------------------------------------------
  bool is_over() {
    still_ = under_way(world_);
    if (!still_.empty()) {
      rest_since_.reset();
    } else if (!rest_since_) {
      rest_since_ = now();
    }
    if (no_member_since_ && now() - *no_member_since_ >= no_member_limit) {
      still_.clear();  // they would go on looking for a quorum for ever
      return true;
    }
    return rest_since_ && now() - *rest_since_ >= what_if_rest;
  }

  void look() {
    if (const auto* member = world_.member()) {
      no_member_since_.reset();
      const auto& known = member->state();
      if (std::pair(known.epoch, known.index) != std::pair(last_known_.epoch, last_known_.index)) {
        last_known_ = known;
      }
    } else if (!no_member_since_) {
      no_member_since_ = now();
    }
    spots_.clear();
    std::map<VmId, std::string> leaving;
    for (const auto& [id, machine] : world_.machines()) {
      if (!machine->powered()) {
        were_off_.insert(id);
        continue;
      }
      const auto& host = std::as_const(*machine).host();
      for (const auto& guest : host.guests()) {
        if (host.runs(guest.vm)) spots_[guest.vm] = {host.name(), host.answers(guest.vm)};
        if (guest.phase == GuestPhase::outgoing) leaving[guest.vm] = host.name();
      }
    }
    for (auto& [id, seen] : seen_) {
      auto spot = spots_[id];
      // While a migration switches over, a guest executes at neither end for a moment; the
      // migration tells how long.
      if (const auto from = leaving.find(id); spot.on.empty() && from != leaving.end()) {
        spot = {from->second, seen.spot.answers};
      }
      note(seen, spot);
    }
    last_look_ = now();
  }

  void note(Seen& seen, const Spot& spot) const {
    if (!seen.from.empty() && !seen.spot.answers) seen.away += now() - last_look_;
    if (!seen.from.empty() && !spot.answers) seen.was_away = true;
    if (spot != seen.spot) seen.changed = now();
    seen.spot = spot;
  }

  // --- in the end ------------------------------------------------------------------------------
  [[nodiscard]] std::size_t nodes_on() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        world_.machines(), [](const auto& entry) { return entry.second->powered(); }));
  }

  /// None for a guest to which nothing happens.
  [[nodiscard]] std::optional<Fate> fate_of(const VmId& id, const Seen& seen) const {
    const auto found = last_known_.vms.find(id);
    const auto* vm = found == last_known_.vms.end() ? nullptr : &found->second;
    const bool wanted = vm != nullptr && vm->wanted == Wanted::running;
    const bool ran = !seen.from.empty();
    if (seen.spot.on.empty()) {
      if (!ran) return std::nullopt;
      return wanted ? Fate::down : Fate::stopped;
    }
    if (!ran) return Fate::started;
    if (seen.was_away) return Fate::restarted;
    if (seen.spot.on != seen.from || ear_.moves.contains(id)) return Fate::moved;
    if (vm != nullptr && !vm->waits_for.empty() && vm->waits_for != live_.vms.at(id).waits_for) {
      return Fate::stuck;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<GuestStory> tell_guest(const VmId& id, const Seen& seen) const {
    const auto fate = fate_of(id, seen);
    if (!fate) return std::nullopt;
    GuestStory guest{.vm = id,
                     .priority = live_.vms.at(id).spec.priority,
                     .fate = *fate,
                     .from = seen.from,
                     .to = seen.spot.on,
                     .away = seen.away};
    if (const auto moves = ear_.moves.find(id); moves != ear_.moves.end()) {
      guest.away += moves->second.paused;
    }
    if (*fate != Fate::down && *fate != Fate::stuck) guest.done = seen.changed;
    guest.explanation = quorate() ? explain_vm(last_known_, id)
                                  : std::vector<std::string>{std::string(no_quorum_text) + "."};
    if (!guest.done) guest.why = why_of(id);
    return guest;
  }

  [[nodiscard]] std::string why_of(const VmId& id) const {
    if (!quorate()) return no_quorum_text;
    if (const auto& waits = last_known_.vms.at(id).waits_for; !waits.empty()) return waits;
    const auto lines = explain_vm(last_known_, id);
    std::string text;
    for (const auto& line : lines) text += (text.empty() ? "" : " ") + line;
    return text;
  }

  [[nodiscard]] std::optional<NodeStory> tell_node(NodeId id) const {
    const bool on = world_.machines().at(id)->powered();
    NodeStory node{.name = name_of(live_, id), .before = standing_word(live_, id)};
    node.after = quorate() ? standing_word(last_known_, id) : on ? "no quorum" : "off";
    if (const auto at = ear_.proved_off.find(id); at != ear_.proved_off.end()) {
      node.proved_off = std::max(at->second - lead_in, milliseconds(0));
      const auto* proof = std::get_if<ProvedOff>(&last_known_.nodes.at(id).standing);
      if (proof != nullptr) node.proof = proof->proof;
    }
    const bool was_off = online(live_, id) != nullptr && were_off_.contains(id);
    if (node.before == node.after && !node.proved_off && !was_off) return std::nullopt;
    return node;
  }

  const State& live_;
  World world_;
  Ear ear_;
  State last_known_;  ///< of a member in step
  std::map<VmId, Seen> seen_;
  std::map<VmId, Spot> spots_;  ///< at the last look
  std::set<NodeId> were_off_;
  milliseconds last_look_{-lead_in};
  std::optional<milliseconds> rest_since_;
  std::optional<milliseconds> no_member_since_;
  std::string still_;
};

using Deeds = std::vector<std::pair<std::string, Deed>>;

Result<Deeds> read_deeds(const State& live, const std::vector<std::string>& commands) {
  if (commands.empty() || commands.size() > what_if_commands_limit) {
    return fail("cannot tell what would happen: ask with one to " +
                std::to_string(what_if_commands_limit) + " commands");
  }
  const auto names = scenario_of(live);
  Deeds deeds;
  for (const auto& command : commands) {
    auto words = full_command(command);
    auto deed = read_command(words, names);
    if (!deed) return fail("cannot tell what would happen: " + deed.error().text);
    deeds.emplace_back(std::move(words), std::move(*deed));
  }
  return deeds;
}

}  // namespace

std::string fate_word(Fate fate) {
  switch (fate) {
    case Fate::moved:
      return "live";
    case Fate::restarted:
      return "restarted";
    case Fate::started:
      return "started";
    case Fate::stuck:
      return "stuck";
    case Fate::stopped:
      return "stopped";
    case Fate::down:
      return "down";
  }
  return {};
}

std::string full_command(const std::string& text) {
  std::istringstream words(text);
  std::string verb;
  std::string node;
  std::string rest;
  words >> verb >> node >> rest;
  const bool is_short = verb == "cut" || verb == "on" || verb == "off";
  if (!is_short || node.empty() || !rest.empty()) return text;
  return "power " + node + " " + verb;
}

Result<void> check_what(const State& live, const std::vector<std::string>& commands) {
  if (const auto deeds = read_deeds(live, commands); !deeds) {
    return std::unexpected(deeds.error());
  }
  return {};
}

Result<WhatIf> what_if(const State& live, const std::vector<std::string>& commands) {
  const auto deeds = read_deeds(live, commands);
  if (!deeds) return std::unexpected(deeds.error());
  Play play(live);
  if (!play.quorate()) {
    return fail("cannot tell what would happen: of the cluster's " +
                std::to_string(live.nodes.size()) +
                " nodes no majority is online with a daemon, and the simulation knows no other "
                "quorum; bring a node back first");
  }
  play.run(*deeds);
  auto story = play.tell();
  for (const auto& [words, deed] : *deeds) story.commands.push_back(words);
  return story;
}

bool leaves_some_down(const WhatIf& story) {
  return std::ranges::any_of(story.guests,
                             [](const GuestStory& one) { return one.fate == Fate::down; });
}

}  // namespace upbeat
