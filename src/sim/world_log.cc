// SPDX-License-Identifier: Apache-2.0
// What happens in the world becomes its log, and is shown to its watchers.
#include "sim/world.h"

namespace upbeat {
namespace {

using std::chrono::milliseconds;

/// Events of the order that are remembered, to know what was told: more than a member lags behind.
constexpr std::size_t events_kept = 4096;

}  // namespace

void World::on_power(NodeId node, PowerState state, const std::string& why) {
  const auto& one = *machines_.at(node);
  log("world", one.facts().name + (state == PowerState::on ? " is on: " : " is off: ") + why);
  if (state == PowerState::on) return;
  still_engines_.erase(node);
  for (auto& [vm, host] : seen_on_) {
    if (host != one.facts().name) continue;
    log("world", vm.get() + " died with " + host);
    host.clear();
  }
}

void World::on_daemon(NodeId node, const std::string& what) {
  log("world", machines_.at(node)->facts().name + ": " + what);
}

void World::on_out_of_step(NodeId node, const std::string& why) {
  for (auto* watcher : watchers_) watcher->on_out_of_step(*machines_.at(node), why);
}

void World::on_said(NodeId node, const std::string& text) {
  log(machines_.at(node)->facts().name + " says", text);
}

bool World::is_news(const State& after, const Event& event) {
  if (after.epoch < told_epoch_) return false;
  if (after.epoch > told_epoch_) {
    told_epoch_ = after.epoch;
    told_.clear();
  }
  if (!told_.empty() && after.index < told_.begin()->first) return false;
  const auto [told, first] = told_.try_emplace(after.index, event);
  const bool news = first || told->second != event;
  told->second = event;
  if (told_.size() > events_kept) told_.erase(told_.begin());
  return news;
}

void World::on_applied(NodeId node, const State& before, const Event& event) {
  ++events_applied_;
  const auto& machine = *machines_.at(node);
  const auto& after = machine.node()->state();
  const bool news = is_news(after, event);
  if (news) {
    for (const auto& line : after.log) log(line.subject, line.text);
  }
  for (auto* watcher : watchers_) {
    if (news) watcher->on_news(machine, before, event);
    watcher->on_applied(machine, before, event);
  }
}

void World::on_guest(const SimulatedHost& host, const VmId& vm) {
  if (host.runs(vm) && seen_on_[vm] != host.name()) {
    seen_on_[vm] = host.name();
    log("world", vm.get() + " runs on " + host.name());
    if (!host.answers(vm)) wait_for_answer(vm);
  }
  for (auto* watcher : watchers_) watcher->on_guest(host, vm);
}

void World::wait_for_answer(const VmId& vm) {
  const auto traits = hosts_.traits(vm);
  booting_[vm] = clock_.after(milliseconds(traits.start_ms + traits.boot_ms), [this, vm] {
    const auto* host = host_of(vm.get());
    if (host == nullptr || !host->answers(vm)) return;
    log("world", vm.get() + " has booted on " + host->name() + " and answers");
  });
}

}  // namespace upbeat
