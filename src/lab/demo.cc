// SPDX-License-Identifier: Apache-2.0
// From nothing to the verdict: up, watch, strike twice, look at everybody, down.
#include "lab/demo.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <set>

#include "lab/demo_progress.h"
#include "lab/demo_remains.h"
#include "lab/demo_report.h"
#include "lab/demo_stage.h"
#include "lab/demo_strikes.h"
#include "lab/demo_world.h"
#include "lab/lab.h"
#include "lab/up.h"
#include "measure/prober.h"
#include "measure/statistics.h"
#include "measure/tcp_keeper.h"

namespace upbeat::lab {
namespace {

using namespace std::chrono_literals;

constexpr auto calm_limit = 180s;
constexpr std::size_t guests_of_a_struck_node = 2;  // what the promises are made for

std::map<std::string, std::vector<std::string>> spread(const Stage& stage,
                                                       const WorldWatch& world) {
  std::map<std::string, std::vector<std::string>> by_node;
  for (const auto& [name, address] : stage.lab.nodes()) by_node[name];
  for (const auto& one : world.now()) by_node[one.node].push_back(one.vm);
  return by_node;
}

void show_spread(const Stage& stage, const WorldWatch& world) {
  std::string text;
  for (const auto& [node, vms] : spread(stage, world)) {
    text += "  " + node + ":";
    for (const auto& vm : vms) text += " " + vm;
    text += "\n";
  }
  stage.progress.print(text);
}

/// The first node with two guests, else the first with any; never `but`.
Result<std::string> choose_node(const Stage& stage, const WorldWatch& world,
                                const std::string& but) {
  std::string any;
  for (const auto& [node, vms] : spread(stage, world)) {
    if (node == but || vms.empty()) continue;
    if (vms.size() == guests_of_a_struck_node) return node;
    if (any.empty()) any = node;
  }
  if (any.empty()) return fail("no other node has a guest to be struck with");
  return any;
}

struct Watching {
  std::unique_ptr<measure::Prober> prober;
  std::unique_ptr<measure::TcpKeepers> connections;
};

Result<Watching> start_watching(const Stage& stage) {
  std::vector<measure::Target> targets;
  for (const auto& guest : stage.lab.guests()) targets.push_back({guest.name, guest.address});
  const auto gateway = stage.lab.names().netns_path("gw").string();
  auto prober = measure::Prober::start(targets, {.netns_path = gateway});
  if (!prober) return std::unexpected(prober.error());
  auto connections = measure::TcpKeepers::start(targets, gateway);
  if (!connections) return std::unexpected(connections.error());
  return Watching{std::move(*prober), std::move(*connections)};
}

/// What must never happen to a guest, but for those whose node lost its power.
void judge_guests(const Stage& stage, const Watching& watching, const GuestStatuses& before,
                  const std::set<std::string>& struck, std::vector<std::string>& wrongs) {
  const auto after = ask_guests(stage);
  if (!after) {
    wrongs.push_back(after.error().text);
    return;
  }
  const auto fates = watching.connections->fates();
  for (std::size_t at = 0; at < stage.lab.guests().size(); ++at) {
    const auto& vm = stage.lab.guests()[at].name;
    const auto& now = after->at(vm);
    if (now.memory_errors > 0) wrongs.push_back(vm + " found its memory damaged");
    if (now.disk_errors > 0) wrongs.push_back(vm + " found its disk damaged");
    if (const auto twice = measure::summarize(watching.prober->series(at), {}).duplicates;
        twice > 0) {
      wrongs.push_back(vm + " answered " + std::to_string(twice) + " probes twice");
    }
    if (struck.contains(vm)) continue;
    if (now.boot_id != before.at(vm).boot_id) wrongs.push_back(vm + " was rebooted without need");
    if (fates.at(at).broke) wrongs.push_back(vm + "'s TCP connection broke: " + *fates[at].broke);
  }
}

/// How the guests fared that nobody struck, and what watching cost.
std::string by_the_way(const Stage& stage, const Watching& watching, const WorldWatch& world,
                       SteadyClock::time_point begin) {
  const std::chrono::duration<double> passed = SteadyClock::now() - begin;
  const auto percent = [&](std::chrono::nanoseconds cpu) {
    return 100.0 * std::chrono::duration<double>(cpu).count() / passed.count();
  };
  measure::Span resolution{0};
  for (std::size_t at = 0; at < stage.lab.guests().size(); ++at) {
    resolution = std::max(
        resolution,
        measure::summarize(watching.prober->series(at), {begin, SteadyClock::now()}).resolution);
  }
  return fmt::format(
      "\nwatched for {:.0f} s; probes were answered by the guests' {} (--echo); longest time "
      "between "
      "two probes of a guest\n{:.1f} ms; probing used {:.1f} % of a core, looking at the nodes' "
      "processes {:.1f} % (at most {:.0f} ms apart)\n",
      passed.count(), stage.lab.shape().echo == Echo::driver ? "network drivers" : "network stacks",
      std::chrono::duration<double, std::milli>(resolution).count(),
      percent(watching.prober->cpu_time()), percent(world.cpu_time()),
      std::chrono::duration<double, std::milli>(world.longest_gap()).count());
}

Result<DemoReport> strike_twice(const Stage& stage) {
  if (auto calm = wait_until_calm(stage, "the cluster settles", {}, calm_limit); !calm) {
    return std::unexpected(calm.error());
  }
  stage.progress.say("starting to watch");
  const auto before = ask_guests(stage);
  if (!before) return std::unexpected(before.error());
  const WorldWatch world(stage.lab);
  auto watching = start_watching(stage);
  if (!watching) return std::unexpected(watching.error());
  const auto begin = SteadyClock::now();
  if (auto seen = wait_for(stage, "looking at the nodes", 10s,
                           [&] { return world.now().empty() ? "no QEMU yet" : ""; });
      !seen) {
    return std::unexpected(seen.error());
  }
  show_spread(stage, world);

  const Watchers watchers{*watching->prober, *watching->connections, world};
  DemoReport report;
  const auto rebooted = choose_node(stage, world, "");
  if (!rebooted) return std::unexpected(rebooted.error());
  report.graceful = reboot_node(stage, watchers, *rebooted, report.wrongs);
  if (interrupted()) return fail("interrupted");
  show_spread(stage, world);
  // With one node away already, another one's loss would be more than the cluster has to stand.
  if (report.graceful.came_back) {
    const auto cut = choose_node(stage, world, *rebooted);
    if (!cut) return std::unexpected(cut.error());
    report.power_cut = cut_power(stage, watchers, *cut, report.wrongs);
    if (interrupted()) return fail("interrupted");
    show_spread(stage, world);
  }

  std::set<std::string> struck;
  for (const auto& vm : report.power_cut.vms) struck.insert(vm.vm);
  judge_guests(stage, *watching, *before, struck, report.wrongs);
  for (const auto& twice : world.twice()) report.wrongs.push_back(twice.what);
  report.started_twice = static_cast<int>(world.twice().size());
  stage.progress.print(to_text(report) + by_the_way(stage, *watching, world, begin));
  return report;
}

/// The lab goes, and with it all that could say why.
void show_remains(const Stage& stage) {
  static constexpr std::size_t shown = 30;
  stage.progress.say("keeping what was written");
  stage.progress.print("\nThe last of the cluster's history:\n" + last_of_history(stage, shown));
  const auto kept = keep_remains(stage, std::filesystem::temp_directory_path());
  stage.progress.print(kept ? "What was written is kept in " + kept->string() +
                                  " (a node's journal: journalctl --directory " +
                                  (*kept / "node0/journal").string() + ")\n"
                            : kept.error().text + "\n");
}

Result<Verdict> play(const Names& names, const DemoOptions& options) {
  auto lab = Lab::open(names.lab());
  if (!lab) return std::unexpected(lab.error());
  ProgressLine progress;
  const Stage stage{*lab, progress};
  const auto report = strike_twice(stage);
  const bool gone_wrong = !report || !wrong_in_kind(*report).empty();
  if (gone_wrong && options.afterwards == Afterwards::down && !interrupted()) show_remains(stage);
  if (!report) return std::unexpected(report.error());
  if (!options.json.empty()) {
    if (auto done = write_file(options.json, to_json(*report)); !done) {
      return std::unexpected(done.error());
    }
  }
  return gone_wrong ? Verdict::failed : Verdict::passed;
}

/// Before a minute has gone into figures that cannot be kept.
Done check_place(const std::filesystem::path& file) {
  if (file.empty()) return {};
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  const auto refuse = [&](const std::string& why) {
    return fail("cannot write the figures to " + file.string() + ": " + why +
                "; name another file with --json");
  };
  if (std::filesystem::is_directory(file)) return refuse("it is a folder");
  if (auto made = make_folder(folder); !made) return refuse(made.error().text);
  if (::access(folder.c_str(), W_OK | X_OK) != 0) return refuse(std::strerror(errno));
  return {};
}

std::string how_to_look(const std::string& name) {
  const std::string of = " --name " + name;
  return "\nThe lab goes on. Look at it:\n"
         "  upbeat lab status" +
         of +
         "\n"
         "  upbeat lab exec" +
         of +
         " node0 -- upbeat status\n"
         "  upbeat lab exec" +
         of +
         " node0 -- upbeat events --follow\n"
         "  upbeat lab console" +
         of +
         " x0\n"
         "  upbeat lab power" +
         of +
         " node1 cut\n"
         "  upbeat lab down" +
         of + "\n";
}

}  // namespace

Result<Verdict> run_demo(const DemoOptions& options) {
  const auto names = Names::of(options.lab);
  if (!names) return std::unexpected(names.error());
  if (auto able = check_machine(); !able) return std::unexpected(able.error());
  if (auto place = check_place(options.json); !place) return std::unexpected(place.error());
  auto lock = Lock::take(names->lock(), "the lab '" + options.lab + "'");
  if (!lock) return std::unexpected(lock.error());
  catch_interrupts();
  Progress progress;
  const UpOptions up{.shape = {.echo = options.echo},
                     .deb = options.deb,
                     .program = std::filesystem::read_symlink("/proc/self/exe")};
  if (auto done = bring_up(*names, up, progress); !done) {
    lock->remove();
    return std::unexpected(done.error());
  }
  auto verdict = play(*names, options);
  if (options.afterwards == Afterwards::keep && !interrupted()) {
    fmt::print("{}", how_to_look(options.lab));
    return verdict;
  }
  clear_interrupt();
  progress.begin("taking the lab down");
  const auto down = take_down(*names);
  progress.done();
  lock->remove();
  if (verdict && !down) return std::unexpected(down.error());
  return verdict;
}

}  // namespace upbeat::lab
