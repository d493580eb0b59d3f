// SPDX-License-Identifier: Apache-2.0
// Strike, wait, look. docs/measuring.md defines every figure that is taken here.
#include "lab/demo_strikes.h"

#include <algorithm>
#include <future>
#include <set>

#include "measure/statistics.h"

namespace upbeat::lab {
namespace {

using namespace std::chrono_literals;

constexpr auto repaired_limit = 90s;  // then it is called not repaired
constexpr auto back_limit = 120s;     // for a node to boot and join
constexpr auto memory_limit = 60s;    // for a guest to check its whole buffer
constexpr auto command_limit = 60s;
// A guest that has answered within this time answers: some probes lost do not make it silent.
constexpr auto answers_within = 300ms;
// After the last silence a guest has to answer this long before it is called back.
constexpr auto settle = measure::back_for_good + 300ms;
// The guests' checksummed buffer (src/lab/guest/guestd.cc, checked_pages).
constexpr std::uint64_t pages_of_buffer = 4096;

double seconds_between(SteadyClock::time_point from, SteadyClock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

double ms(std::chrono::nanoseconds span) {
  return std::chrono::duration<double, std::milli>(span).count();
}

std::set<std::string> guests_on(const WorldWatch& world, const std::string& node) {
  std::set<std::string> names;
  for (const auto& one : world.now()) {
    if (one.node == node) names.insert(one.vm);
  }
  return names;
}

/// How a guest's only QEMU came about; with none or several of them "none".
struct Place {
  std::string node;
  std::string method = "none";
};
Place place_of(const WorldWatch& world, const std::string& vm) {
  Place place;
  int processes = 0;
  for (const auto& one : world.now()) {
    if (one.vm != vm) continue;
    ++processes;
    place = {one.node, one.origin == Origin::migrated_in ? "live" : "boot"};
  }
  return processes == 1 ? place : Place{};
}

/// The guests that do not answer now, for people; or empty.
std::string silent_guests(const measure::Prober& prober) {
  std::string names;
  const auto now = SteadyClock::now();
  for (std::size_t at = 0; at < prober.targets().size(); ++at) {
    const auto last = prober.last_answer(at);
    if (!last || now - *last > answers_within) names += " " + prober.targets()[at].name;
  }
  return names.empty() ? names : "no answer from" + names;
}

/// When the cluster had done everything and every guest answered for good; nothing if they do not.
/// REQUIRES: `calm_at` is in the past.
std::optional<SteadyClock::time_point> repaired_at(const measure::Prober& prober,
                                                   const Moment& strike,
                                                   SteadyClock::time_point calm_at) {
  auto repaired = calm_at;
  for (std::size_t at = 0; at < prober.targets().size(); ++at) {
    const auto back =
        measure::answers_again(prober.series(at), {strike.steady, SteadyClock::now()});
    if (!back) return std::nullopt;
    repaired = std::max(repaired, *back);
  }
  return repaired;
}

/// Waits for calm after a strike and then long enough to know that every guest answers for good.
std::optional<double> measure_repair(const Stage& stage, const Watchers& watchers,
                                     const std::string& node, const Moment& strike,
                                     const std::string& what, std::vector<std::string>& wrongs) {
  // While guests move, the cluster is left alone: to ask it costs a process in a node, and the
  // machine's processors are what a guest that has just moved waits for.
  const auto empty = wait_for(stage, what, repaired_limit, [&]() -> std::string {
    const auto left = guests_on(watchers.world, node).size();
    return left == 0 ? "" : node + " runs " + std::to_string(left) + " VMs";
  });
  if (!empty) {
    wrongs.push_back(empty.error().text);
    return std::nullopt;
  }
  const auto calm = wait_until_calm(stage, what, {node}, repaired_limit,
                                    [&] { return silent_guests(watchers.prober); });
  if (!calm) {
    wrongs.push_back(calm.error().text);
    return std::nullopt;
  }
  const auto calm_at = SteadyClock::now();
  std::optional<SteadyClock::time_point> repaired;
  const auto known = wait_for(stage, what, repaired_limit, [&]() -> std::string {
    if (SteadyClock::now() < calm_at + settle) return "seeing whether all guests stay";
    repaired = repaired_at(watchers.prober, strike, calm_at);
    return repaired ? "" : "not all guests answer for good yet";
  });
  if (!known) wrongs.push_back(known.error().text);
  if (!repaired) return std::nullopt;
  return seconds_between(strike.steady, *repaired);
}

/// Whether the node has become a member again, and everything is calm.
bool wait_until_back(const Stage& stage, const std::string& node,
                     std::vector<std::string>& wrongs) {
  const auto back = wait_until_calm(stage, node + " comes back", {}, back_limit);
  if (!back) wrongs.push_back(back.error().text);
  return back.has_value();
}

std::size_t index_of(const Stage& stage, const std::string& vm) {
  const auto& guests = stage.lab.guests();
  return static_cast<std::size_t>(std::ranges::find(guests, vm, &GuestInfo::name) - guests.begin());
}

std::optional<double> others_blackout_ms(const measure::Prober& prober,
                                         const std::set<std::string>& struck,
                                         const measure::Window& window) {
  std::optional<double> longest;
  for (std::size_t at = 0; at < prober.targets().size(); ++at) {
    if (struck.contains(prober.targets()[at].name)) continue;
    const auto summary = measure::summarize(prober.series(at), window);
    longest = std::max(longest.value_or(0.0), ms(summary.blackout()));
  }
  return longest;
}

void judge_memory(const Stage& stage, const GuestStatuses& before, std::vector<MovedVm>& moved,
                  std::vector<std::string>& wrongs) {
  const auto first = ask_guests(stage);
  if (!first) {
    wrongs.push_back(first.error().text);
    return;
  }
  Result<GuestStatuses> after = *first;
  const auto checked =
      wait_for(stage, "guests check their memory", memory_limit, [&]() -> std::string {
        after = ask_guests(stage);
        if (!after) return after.error().text;
        for (const auto& vm : moved) {
          const auto since = after->at(vm.vm).memory_checks - first->at(vm.vm).memory_checks;
          if (since < pages_of_buffer) {
            return vm.vm + " has checked " + std::to_string(since) + " of " +
                   std::to_string(pages_of_buffer) + " pages since";
          }
        }
        return {};
      });
  if (!checked) wrongs.push_back(checked.error().text);
  if (!after) return;
  for (auto& vm : moved) {
    const auto& now = after->at(vm.vm);
    vm.same_boot = now.boot_id == before.at(vm.vm).boot_id;
    vm.memory_intact = checked && vm.same_boot && now.memory_errors == 0;
  }
}

void judge_moves(const Stage& stage, const Watchers& watchers, const Moment& strike,
                 const measure::Window& window, Graceful& graceful,
                 std::vector<std::string>& wrongs) {
  const auto history = ask_history(stage, {graceful.node});
  if (!history) wrongs.push_back(history.error().text);
  const auto fates = watchers.connections.fates();
  for (auto& vm : graceful.vms) {
    const auto at = index_of(stage, vm.vm);
    const auto place = place_of(watchers.world, vm.vm);
    vm.to = place.node;
    vm.method = place.method;
    const auto summary = measure::summarize(watchers.prober.series(at), window);
    if (summary.longest) vm.blackout_ms = ms(summary.blackout());
    if (history) vm.hypervisor_downtime_ms = told_downtime_ms(*history, vm.vm, strike.wall_ms);
    vm.connection_kept = !fates.at(at).broke;
    vm.longest_stall_ms = ms(fates.at(at).longest_stall);
  }
}

}  // namespace

Graceful reboot_node(const Stage& stage, const Watchers& watchers, const std::string& node,
                     std::vector<std::string>& wrongs) {
  Graceful graceful{.node = node};
  const auto struck = guests_on(watchers.world, node);
  for (const auto& vm : struck) {
    graceful.vms.push_back({.vm = vm, .from = node});
  }
  const auto before = ask_guests(stage);
  if (!before) {
    wrongs.push_back(before.error().text);
    return graceful;
  }
  stage.progress.print("\n" + node + "# systemctl reboot\n");
  const auto strike = right_now();
  // The command may come back at once or only with the shutdown; nobody waits for it.
  auto typed = std::async(std::launch::async, [&] {
    return stage.lab.exec(node, {.argv = {"systemctl", "reboot"}, .timeout = command_limit});
  });
  graceful.strike_to_repaired_s =
      measure_repair(stage, watchers, node, strike, node + " hands over", wrongs);
  const measure::Window window{strike.steady, SteadyClock::now()};
  graceful.others_blackout_ms = others_blackout_ms(watchers.prober, struck, window);
  judge_moves(stage, watchers, strike, window, graceful, wrongs);
  graceful.came_back = wait_until_back(stage, node, wrongs);
  judge_memory(stage, *before, graceful.vms, wrongs);
  typed.wait();
  return graceful;
}

PowerCut cut_power(const Stage& stage, const Watchers& watchers, const std::string& node,
                   std::vector<std::string>& wrongs) {
  PowerCut cut{.node = node};
  const auto struck = guests_on(watchers.world, node);
  stage.progress.print("\npower of " + node + " cut\n");
  const auto strike = right_now();
  if (const auto done = stage.lab.cut_power(node); !done) wrongs.push_back(done.error().text);
  cut.strike_to_repaired_s =
      measure_repair(stage, watchers, node, strike, node + " is without power", wrongs);
  const measure::Window window{strike.steady, SteadyClock::now()};
  cut.others_blackout_ms = others_blackout_ms(watchers.prober, struck, window);
  if (const auto history = ask_history(stage, {node})) {
    const auto since_strike_s = [&](const std::string& begins) -> std::optional<double> {
      const auto* event = find_event(*history, node, begins, strike.wall_ms);
      if (event == nullptr) return std::nullopt;
      return static_cast<double>(event->wall_ms - strike.wall_ms) / 1000.0;
    };
    cut.strike_to_lost_s = since_strike_s("was lost");
    cut.strike_to_fenced_s = since_strike_s("was proved off");
  } else {
    wrongs.push_back(history.error().text);
  }
  for (const auto& vm : struck) {
    const auto place = place_of(watchers.world, vm);
    RestartedVm restarted{.vm = vm, .from = node, .to = place.node, .method = place.method};
    const auto series = watchers.prober.series(index_of(stage, vm));
    if (const auto back = measure::answers_again(series, window)) {
      restarted.outage_s = seconds_between(strike.steady, *back);
    }
    cut.vms.push_back(std::move(restarted));
  }
  if (const auto on = stage.lab.switch_on(node); !on) wrongs.push_back(on.error().text);
  cut.came_back = wait_until_back(stage, node, wrongs);
  return cut;
}

}  // namespace upbeat::lab
