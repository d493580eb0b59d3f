// SPDX-License-Identifier: Apache-2.0
// Plays a scenario from its beginning to its end, with all checkers on.
#include "sim/run.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "sim/command.h"
#include "sim/ending.h"

namespace upbeat {
namespace {

using std::chrono::milliseconds;

/// Between two looks at whether all is well or something is wrong.
constexpr milliseconds look_interval{1'000};

/// An action in words, with the names of this state.
class InWords {
 public:
  explicit InWords(const State& state) : state_(state) {}
  std::string operator()(const StartVm& one) const {
    return "start " + one.vm.get() + " on " + name_of(state_, one.on);
  }
  std::string operator()(const MigrateVm& one) const {
    return "move " + one.vm.get() + " from " + name_of(state_, one.from) + " to " +
           name_of(state_, one.to);
  }
  std::string operator()(const HastenVm& one) const { return "hasten the move of " + one.vm.get(); }
  std::string operator()(const CallOffMove& one) const {
    return "call off the move of " + one.vm.get();
  }
  std::string operator()(const StopVm& one) const {
    return (one.force == StopForce::ask ? "shut down " : "power off ") + one.vm.get() + " on " +
           name_of(state_, one.on);
  }
  std::string operator()(const FenceNode& one) const {
    return "fence " + name_of(state_, one.node) + " by " + name_of(state_, one.by);
  }
  std::string operator()(const HoldVm& one) const { return "hold " + one.vm.get(); }
  std::string operator()(const GiveUpVm& one) const { return "give up " + one.vm.get(); }

 private:
  const State& state_;
};

class Recorder final : public WorldWatcher {
 public:
  Recorder(World& world, RunResult& result) : world_(world), result_(result) {}

  void on_log(const LogEntry& entry) override { result_.log.push_back(entry); }
  void on_news(const Machine& machine, const State& /*before*/, const Event& event) override {
    const auto* decided = std::get_if<Decided>(&event);
    if (decided == nullptr) return;
    const auto& state = machine.node()->state();
    for (const auto& decision : decided->decisions) {
      result_.decisions.push_back({world_.now(), decided->view,
                                   std::visit(InWords(state), decision.action),
                                   decision.why.text()});
    }
  }

 private:
  World& world_;
  RunResult& result_;
};

class Play {
 public:
  Play(const Scenario& scenario, Keep keep)
      : keep_(keep), world_(scenario), recorder_(world_, result_) {
    if (keep == Keep::everything) world_.watch(recorder_);
    for (const auto& facts : all_checkers()) {
      checkers_.push_back(facts.make(world_));
      world_.watch(*checkers_.back());
    }
  }

  RunResult run() {
    const auto& scenario = world_.scenario();
    for (const auto& step : scenario.timeline) {
      if (!pass_until(step.at)) return end();
      world_.log(">", step.command);
      if (const auto deed = read_command(step.command, scenario)) (*deed)(world_);
    }
    if (pass_until(std::max(scenario.length, world_.now())) && scenario.settles) settle();
    return end();
  }

 private:
  bool all_well() {
    return std::ranges::all_of(checkers_, [](const auto& one) { return one->found().empty(); });
  }
  bool pass_until(milliseconds at) {
    while (all_well() && world_.now() < at) {
      world_.pass(std::min(look_interval, at - world_.now()));
    }
    return all_well();
  }
  /// First the nodes that are left have to do without those that are off, if they are a majority.
  /// Were all switched on at once, nobody would see whether a lost one is ever proved off.
  void settle() {
    if (world_.majority_is_on()) {
      world_.log(">", "every fault ends, but what is off stays off");
      wait_for_repair(Concerned::nodes_that_are_on);
      if (world_.majority_is_on()) judge();
    }
    if (!all_well()) return;
    world_.log(">", "every fault ends");
    wait_for_repair(Concerned::all_nodes);
    judge();
  }
  void wait_for_repair(Concerned concerned) {
    const auto until = world_.now() + settle_limit;
    while (all_well() && world_.now() < until && !is_repaired(world_, concerned)) {
      // Again each time: what was on its way down when the faults ended may be off by now.
      concerned == Concerned::all_nodes ? world_.repair_everything()
                                        : world_.repair_all_but_power();
      world_.remove_rules();
      world_.pass(look_interval);
    }
  }
  void judge() {
    if (!all_well()) return;
    for (const auto& checker : checkers_) checker->on_settled();
  }
  RunResult end() {
    if (keep_ == Keep::everything) {
      for (const auto& line : ending_of(world_)) world_.log("end", line);
    }
    for (const auto& checker : checkers_) {
      for (const auto& one : checker->found()) result_.violations.push_back(one);
    }
    for (const auto& vm : world_.scenario().vms) {
      const auto* host = world_.host_of(vm.name);
      result_.placements[vm.name] = host == nullptr ? "" : host->name();
    }
    result_.length = world_.now();
    result_.events_applied = world_.events_applied();
    return std::move(result_);
  }

  Keep keep_;
  RunResult result_;
  World world_;
  Recorder recorder_;
  std::vector<std::unique_ptr<Checker>> checkers_;
};

}  // namespace

RunResult play(const Scenario& scenario, Keep keep) { return Play(scenario, keep).run(); }

std::string format_log(const std::vector<LogEntry>& log) {
  std::size_t widest = 0;
  for (const auto& entry : log) widest = std::max(widest, entry.subject.size());
  std::string text;
  for (const auto& [at, subject, what] : log) {
    std::array<char, 32> time{};
    std::snprintf(time.data(), time.size(), "%9.3f  ", static_cast<double>(at.count()) / 1000.0);
    text += time.data() + subject + std::string(widest - subject.size() + 2, ' ') + what + "\n";
  }
  return text;
}

}  // namespace upbeat
