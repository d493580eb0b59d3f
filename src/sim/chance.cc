// SPDX-License-Identifier: Apache-2.0
// Makes a story up from a seed. A story does not look at the world: so it can be shortened.
#include "sim/chance.h"

#include <algorithm>

#include "base/prng.h"

namespace upbeat {
namespace {

using std::chrono::milliseconds;

/// Draws names and times for one story.
class Draw {
 public:
  Draw(Prng& chance, const Scenario& scenario) : chance_(chance), scenario_(scenario) {}

  std::string node() { return scenario_.nodes[chance_.below(scenario_.nodes.size())].name; }
  std::string vm() { return scenario_.vms[chance_.below(scenario_.vms.size())].name; }
  std::uint64_t below(std::uint64_t bound) { return chance_.below(bound); }
  std::string seconds(std::uint64_t least, std::uint64_t most) {
    return std::to_string(least + below(most - least + 1));
  }
  std::string one_of(const std::vector<std::string>& words) { return words[below(words.size())]; }

 private:
  Prng& chance_;
  const Scenario& scenario_;
};

/// One thing that goes wrong, as commands: the fault, and perhaps its end a while later.
struct Happening {
  std::string command;
  std::string end;   ///< empty: it ends by itself, or not
  std::string soon;  ///< what comes within `moment_ms` on top of the command
};

/// The cluster acts on most things within some milliseconds. What comes in this time comes while
/// some members know of a decision and others do not.
constexpr std::uint64_t moment_ms = 6;

/// Some things last until the story is over.
std::string ends_or_lasts(Draw& draw, const std::string& end) {
  return draw.below(3) == 0 ? "" : end;
}

struct FaultClass {
  const char* name;
  std::uint64_t weight;
  Happening (*draw)(Draw& draw);
};

Happening power(Draw& draw) {
  const auto node = draw.node();
  return {"power " + node + " " + draw.one_of({"cut", "off"}), "power " + node + " on"};
}
Happening blackout(Draw& /*draw*/) { return {"power * cut", "power * on"}; }
Happening shutdown(Draw& draw) {
  const auto node = draw.node();
  switch (draw.below(4)) {
    case 0:
      return {"shutdown " + node, "power " + node + " on"};
    case 1:
      return {"reboot " + node, "cancel-shutdown " + node};
    default:
      return {"reboot " + node, ""};
  }
}
/// Now and then a check that is wrong everywhere.
Happening health(Draw& draw) {
  const auto nodes = draw.below(6) == 0 ? "*" : draw.node();
  return {"health " + nodes + " ill", "health " + nodes + " well"};
}
Happening network(Draw& draw) {
  const auto node = draw.node();
  return {"network " + node + " off", "network " + node + " on"};
}
Happening flap(Draw& draw) {
  return {"flap " + draw.node() + " " + draw.seconds(2, 9) + " " + draw.seconds(1, 4), ""};
}
Happening partition(Draw& draw) {
  return {"partition " + draw.node() + " " + draw.node() + " | " + draw.node(), "heal"};
}
Happening daemon(Draw& draw) {
  const auto node = draw.node();
  switch (draw.below(5)) {
    case 0:
      return {"daemon " + node + " kill", "daemon " + node + " start"};
    case 1:
      return {"daemon " + node + " stall " + draw.seconds(1, 40), ""};
    case 2:
      return {"daemon " + node + " stop", "daemon " + node + " start"};
    case 3:
      return {"daemon " + node + " upgrade 0." + draw.seconds(1, 9) + ".0", ""};
    default:
      return {"daemon " + node + " restart", ""};
  }
}
/// Alone, or with a cable that goes meanwhile: then nobody hears what the engine says when it goes
/// on.
Happening engine(Draw& draw) {
  const auto node = draw.node();
  const auto stall = "engine " + node + " stall " + draw.seconds(1, 12);
  if (draw.below(2) == 0) return {stall, ""};
  return {stall, "network " + node + " on", "network " + node + " off"};
}
Happening hypervisor(Draw& draw) {
  const auto node = draw.node();
  return {"hypervisor " + node + " " + draw.one_of({"stop", "hang"}),
          "hypervisor " + node + " start",
          draw.below(4) == 0 ? "vm " + draw.vm() + " force-off" : ""};
}
Happening fence_device(Draw& draw) {
  const auto node = draw.node();
  const auto fault = draw.one_of({"broken", "lies", "babbles"});
  if (draw.below(2) == 0) {
    return {"fence-device " + node + " " + fault + " " + draw.seconds(1, 5), ""};
  }
  return {"fence-device " + node + " " + fault, "fence-device " + node + " ok"};
}
Happening disk(Draw& draw) {
  const auto node = draw.node();
  return {"disk " + node + " " + draw.one_of({"full", "unreadable"}), "disk " + node + " ok"};
}
Happening clock_jump(Draw& draw) {
  const auto node = draw.node();
  return {"clock " + node + " " + draw.one_of({"-7200", "86400", "-3", "17"}),
          "clock " + node + " 0"};
}
Happening guest(Draw& draw) {
  const auto vm = draw.vm();
  switch (draw.below(5)) {
    case 0:
      return {"vm " + vm + " fail-next-start " + draw.seconds(1, 4), ""};
    case 1:
      return {"vm " + vm + " deaf", ends_or_lasts(draw, "vm " + vm + " obeys")};
    case 2:
      return {"vm " + vm + " dirties " + draw.seconds(1, 600), "vm " + vm + " dirties 1"};
    case 3:
      return {"vm " + vm + " power-off", ""};
    default:
      return {"vm " + vm + " crash", ""};
  }
}
Happening migration(Draw& draw) {
  const auto node = draw.node();
  return {"fail-next " + node + " " + draw.one_of({"start", "migration-in", "migration-out"}), ""};
}
Happening link(Draw& draw) {
  const auto nodes = draw.node() + " " + draw.node();
  return {"link " + nodes + " off", "link " + nodes + " on"};
}
Happening latency(Draw& draw) {
  const auto node = draw.node();
  return {"latency " + node + " " + draw.seconds(1, 500), "latency " + node + " 0"};
}
Happening rules(Draw& draw) {
  const auto name = "rule r" + draw.seconds(0, 3) + " ";
  const auto vm = draw.vm();
  const auto kind = draw.one_of({"together", "apart", "on", "off"});
  const auto strict = draw.one_of({" strict", " best-effort"});
  const bool pairs = kind == "together" || kind == "apart";
  const auto other = pairs ? draw.vm() : draw.node();
  return {name + kind + " " + vm + " " + other + strict, name + "remove"};
}
Happening policy(Draw& draw) {
  switch (draw.below(4)) {
    case 0:
      return {"policy failback return", "policy failback stay"};
    case 1:
      return {"policy on_shutdown " + draw.one_of({"restart", "hold"}),
              "policy on_shutdown migrate"};
    case 2:
      return {"policy restart_tries_here " + draw.seconds(0, 3), ""};
    default:
      return {"vm " + draw.vm() + " failback " + draw.one_of({"return", "stay", "default"}), ""};
  }
}
Happening operators(Draw& draw) {
  const auto node = draw.node();
  const auto vm = draw.vm();
  switch (draw.below(6)) {
    case 0:
      return {"drain " + node + (draw.below(3) == 0 ? " " + draw.seconds(5, 120) : ""),
              ends_or_lasts(draw, "undrain " + node)};
    case 1:
      return {"vm " + vm + " stop", ends_or_lasts(draw, "vm " + vm + " start")};
    case 2:
      return {"vm " + vm + " force-off", "vm " + vm + " start"};
    case 3:
      return {"vm " + vm + " migrate", ""};
    case 4:
      return {
          "maintenance " + node + " on" + (draw.below(3) == 0 ? " " + draw.seconds(5, 120) : ""),
          "maintenance " + node + " off"};
    default:
      return {"vm " + vm + " migrate " + node, ""};
  }
}

/// Something for the cluster to act on, and a strike while it does.
Happening moment(Draw& draw) {
  const auto node = draw.node();
  const auto vm = draw.vm();
  const auto cause =
      "vm " + vm + " " + draw.one_of({"crash", "crash", "migrate", "migrate", "stop"});
  switch (draw.below(4)) {
    case 0:
      return {cause, "power * on", "power * cut"};
    case 1:
      return {cause, "power " + node + " on", "power " + node + " cut"};
    default:
      return {cause, "network " + node + " on", "network " + node + " off"};
  }
}

const std::vector<FaultClass>& classes() {
  static const std::vector<FaultClass> all{
      {"power", 10, power},
      {"blackout", 1, blackout},
      {"shutdown", 10, shutdown},
      {"health", 4, health},
      {"network", 6, network},
      {"flap", 3, flap},
      {"partition", 4, partition},
      {"daemon", 10, daemon},
      {"engine", 4, engine},
      {"hypervisor", 5, hypervisor},
      {"fence-device", 5, fence_device},
      {"disk", 3, disk},
      {"clock", 2, clock_jump},
      {"guest", 8, guest},
      {"migration", 6, migration},
      {"link", 3, link},
      {"latency", 2, latency},
      {"rules", 3, rules},
      {"policy", 3, policy},
      {"operator", 12, operators},
      {"moment", 8, moment},
  };
  return all;
}

const FaultClass& draw_class(Prng& chance, const std::set<std::string>& wanted) {
  std::uint64_t sum = 0;
  for (const auto& one : classes()) {
    if (wanted.empty() || wanted.contains(one.name)) sum += one.weight;
  }
  auto at = chance.below(sum);
  for (const auto& one : classes()) {
    if (!wanted.empty() && !wanted.contains(one.name)) continue;
    if (at < one.weight) return one;
    at -= one.weight;
  }
  return classes().front();
}

/// A star in place of a node's name: all nodes.
void add(Scenario& story, milliseconds at, const std::string& command) {
  if (command.empty() || at >= story.length) return;
  const auto star = command.find('*');
  if (star == std::string::npos) return story.timeline.push_back({at, command});
  for (const auto& node : story.nodes) {
    auto one = command;
    story.timeline.push_back({at, one.replace(star, 1, node.name)});
  }
}

/// What a story may have from its beginning on, besides what happens in it.
constexpr const char* watchdogs = "watchdog";
constexpr const char* old_releases = "old-release";
constexpr std::chrono::seconds watchdog_timeout{10};

/// Watchdogs in a third of the stories; in half of those they are all there is to prove a node off.
void draw_watchdogs(Scenario& story, Draw& draw) {
  if (draw.below(3) != 0) return;
  const bool alone = draw.below(2) == 0;
  for (auto& node : story.nodes) {
    node.watchdog = watchdog_timeout;
    if (alone) story.timeline.push_back({milliseconds(0), "fence-device " + node.name + " broken"});
  }
}

/// Some nodes of a quarter of the stories have an old release, until they are upgraded.
void draw_old_releases(Scenario& story, Draw& draw) {
  if (draw.below(4) != 0) return;
  for (auto& node : story.nodes) {
    if (draw.below(2) == 0) node.format = wire_format - 1;
  }
}

}  // namespace

std::vector<std::string> fault_classes() {
  std::vector<std::string> names;
  for (const auto& one : classes()) names.emplace_back(one.name);
  names.insert(names.end(), {watchdogs, old_releases});
  return names;
}

Scenario story_of(std::uint64_t seed, const ChanceOptions& options) {
  Scenario story = test_bed(options.nodes, options.vms);
  story.title = "seed " + std::to_string(seed);
  story.seed = seed;
  story.length = options.length;
  story.settles = true;
  story.quorum = options.quorum;
  Prng chance(mix64(seed));
  Draw draw(chance, story);
  const auto wanted = [&](const char* name) {
    return options.faults.empty() || options.faults.contains(name);
  };
  if (wanted(watchdogs)) draw_watchdogs(story, draw);
  if (wanted(old_releases)) draw_old_releases(story, draw);
  const bool nothing_happens =
      std::ranges::none_of(classes(), [&](const FaultClass& one) { return wanted(one.name); });
  if (nothing_happens) return story;
  // Some stories are crowded, some are quiet; faults overlap in many of them.
  const auto pause_ms = std::uint64_t{2'000} << chance.below(6);
  milliseconds at{0};
  while (true) {
    at += milliseconds(chance.below(2 * pause_ms));
    if (at >= story.length || story.timeline.size() >= scenario_steps_limit) break;
    const auto happening = draw_class(chance, options.faults).draw(draw);
    add(story, at, happening.command);
    if (!happening.soon.empty()) {
      add(story, at + milliseconds(chance.below(moment_ms)), happening.soon);
    }
    add(story, at + milliseconds(500 + chance.below(60'000)), happening.end);
  }
  std::ranges::stable_sort(story.timeline, {}, &ScenarioStep::at);
  return story;
}

}  // namespace upbeat
