// SPDX-License-Identifier: Apache-2.0
// A whole cluster in virtual time: real node loops on the ports' twins.
#include "sim/world.h"

#include <algorithm>
#include <utility>

#include "sim/first_state.h"
#include "sim/live.h"
#include "wire/wire.h"

namespace upbeat {
namespace {

using std::chrono::milliseconds;

/// By then the machines of the beginning have met and read their guests.
constexpr milliseconds begin_limit{60'000};

std::uint64_t kib(std::uint64_t mib) { return mib * 1024; }

std::string how_it_ended(GoneCause cause) {
  switch (cause) {
    case GoneCause::shut_down:
      return "shut down";
    case GoneCause::destroyed:
      return "was powered off";
    case GoneCause::crashed:
      return "crashed";
    case GoneCause::migrated:
      return "has left";
    case GoneCause::failed:
      return "did not come to life";
  }
  return "ended";
}

}  // namespace

World::World(const Scenario& scenario, std::optional<State> live)
    : scenario_(scenario),
      live_(std::move(live)),
      hosts_(clock_, live_ ? traits_of(*live_) : SimulatedTraits{}) {
  std::vector<ConfiguredNode> configured;
  for (const auto& node : scenario_.nodes) {
    const auto id = live_ ? id_in_live(node.name) : id_in(scenario_, node.name);
    ids_[node.name] = id;
    configured.push_back({id, node.name});
  }
  network_ = std::make_unique<SimulatedNetwork>(
      clock_, configured,
      SimulatedNetworkOptions{.seed = scenario_.seed, .quorum = scenario_.quorum});
  around_ = std::make_unique<Surroundings>(clock_, *network_, hosts_, strip_, Tamper());
  const State beginning = live_ ? *live_ : first_state(scenario_);
  const auto first = encode(beginning);
  for (const auto& node : scenario_.nodes) {
    const NodeId id = ids_.at(node.name);
    strip_.plug_in(node.name, [this, id](PowerState state) {
      // The strip acts from within a fencer's call: the world changes in a turn of its own.
      clock_.post([this, id, state] {
        auto& machine = *machines_.at(id);
        if (state == PowerState::on) return machine.power_on();
        for (auto* watcher : watchers_) watcher->on_fenced(machine);
        machine.lose_power("its power was taken by the strip");
      });
    });
    MachineFacts facts{.id = id,
                       .name = node.name,
                       .memory_kib = kib(node.memory_mib),
                       .reserve_kib = kib(node.reserve_mib),
                       .cores = node.cores,
                       .boot_time = node.boot,
                       .shutdown_budget = node.shutdown_budget,
                       .watchdog = node.watchdog};
    if (live_) facts.memory_kib = live_->nodes.at(id).capacity.memory_kib;
    machines_[id] =
        std::make_unique<Machine>(*around_, facts, static_cast<MachineListener&>(*this));
    if (node.format < wire_format) {
      machines_.at(id)->set_release({.name = "0.0.9", .format = node.format});
    }
    static_cast<void>(machines_.at(id)->disk().save_snapshot(beginning.index, first));
    if (!node.on) strip_.set(node.name, PowerState::off);
  }
  begin();
}

World::~World() = default;

void World::begin() {
  for (const auto& vm : scenario_.vms) hosts_.set_traits(VmId(vm.name), vm.traits);
  for (const auto& node : scenario_.nodes) {
    if (node.on) machine(node.name).begin_running();
  }
  for (const auto& vm : scenario_.vms) {
    if (vm.node.empty() || live_) continue;
    hosts_.host(vm.node).begin_with(VmId(vm.name), "uuid-of-" + vm.name, kib(vm.memory_mib));
    seen_on_[VmId(vm.name)] = vm.node;
  }
  if (live_) begin_as_live();
  hosts_.watch([this](const SimulatedHost& host, const VmId& vm, std::optional<GoneCause> gone) {
    if (gone && *gone != GoneCause::migrated && *gone != GoneCause::failed &&
        seen_on_[vm] == host.name()) {
      log("world", vm.get() + " " + how_it_ended(*gone) + " on " + host.name());
      seen_on_[vm].clear();
    }
    on_guest(host, vm);
  });
  const auto all_met = [this] {
    return std::ranges::all_of(machines_, [this](const auto& entry) {
      const auto& machine = *entry.second;
      if (!machine.powered() || begins_without_daemon(entry.first)) return true;
      const auto* node = machine.node();
      if (node == nullptr || !node->in_step()) return false;
      const auto* here = online(node->state(), entry.first);
      return here != nullptr && here->reported;
    });
  };
  pass(begin_limit, all_met);
  begin_ = clock_.now();
  if (live_) go_on_as_live();
}

// --- what befalls it -----------------------------------------------------------------------------

void World::cut_power(const std::string& node) {
  strip_.set(node, PowerState::off);
  machine(node).lose_power("its power was cut");
}

void World::press_power(const std::string& node) {
  machine(node).lose_power("it was switched off");
}

void World::power_on(const std::string& node) {
  strip_.set(node, PowerState::on);
  machine(node).power_on();
}

void World::partition(const std::map<std::string, int>& parts) {
  parts_ = parts;
  renew_parts();
}

void World::set_cable(const std::string& node, bool whole) {
  flapping_.erase(node);
  whole ? void(cables_cut_.erase(node)) : void(cables_cut_.insert(node));
  renew_parts();
}

void World::set_latency(const std::string& node, milliseconds span) {
  network_->set_latency(ids_.at(node), span);
}

void World::set_link(const std::string& a, const std::string& b, bool whole) {
  if (a == b) return;
  whole ? void(links_cut_.erase(std::minmax(a, b))) : void(links_cut_.insert(std::minmax(a, b)));
  renew_parts();
}

void World::flap(const std::string& node, int times, milliseconds span) {
  if (times <= 0) return set_cable(node, true);
  set_cable(node, cables_cut_.contains(node));
  flapping_[node] = clock_.after(span, [this, node, times, span] { flap(node, times - 1, span); });
}

void World::stall_engine(const std::string& node, milliseconds span) {
  const NodeId id = ids_.at(node);
  if (!machines_.at(id)->powered()) return;
  network_->stand_still(id);
  still_engines_[id] = clock_.after(span, [this, id] { engine_goes_on(id); });
  reach_changed_ = clock_.now();
}

void World::engine_goes_on(NodeId node) {
  if (!still_engines_.contains(node)) return;
  // Where the others had their majority without it, nothing changes for them.
  const bool others_were_well = std::ranges::any_of(
      machines_, [this](const auto& entry) { return hears_majority(entry.first); });
  still_engines_.erase(node);
  engine_went_on_[node] = clock_.now();
  if (!others_were_well) reach_changed_ = clock_.now();
  network_->go_on(node);
}

void World::heal_network() {
  parts_.clear();
  cables_cut_.clear();
  links_cut_.clear();
  flapping_.clear();
  renew_parts();
}

bool World::hear_each_other(const std::string& a, const std::string& b) const {
  const auto part = [this](const std::string& name) {
    const auto found = parts_.find(name);
    return found == parts_.end() ? 0 : found->second;
  };
  return a == b || (!cables_cut_.contains(a) && !cables_cut_.contains(b) && part(a) == part(b) &&
                    !links_cut_.contains(std::minmax(a, b)));
}

/// A ring holds only nodes that all hear each other.
void World::renew_parts() {
  std::vector<std::vector<NodeId>> rings;
  part_of_.clear();
  for (const auto& [name, id] : ids_) {
    machine(name).set_cable(!cables_cut_.contains(name));
    network_->set_arbiter_heard(id, !cables_cut_.contains(name));
    if (part_of_.contains(name)) continue;
    std::vector<std::string> together;
    for (const auto& [other, other_id] : ids_) {
      const bool fits =
          !part_of_.contains(other) &&
          std::ranges::all_of(together,
                              [&](const auto& one) { return hear_each_other(one, other); }) &&
          hear_each_other(name, other);
      if (fits) together.push_back(other);
    }
    auto& ring = rings.emplace_back();
    for (const auto& one : together) {
      part_of_[one] = rings.size();
      ring.push_back(ids_.at(one));
    }
  }
  network_->partition(rings);
  for (const auto& [a, id_a] : ids_) {
    for (const auto& [b, id_b] : ids_) {
      if (a >= b) continue;
      hear_each_other(a, b) ? hosts_.mend_wire(a, b) : hosts_.cut_wire(a, b);
    }
  }
  reach_changed_ = clock_.now();
}

void World::break_fence_device(const std::string& node, OutletFault fault, int attempts) {
  strip_.break_outlet(node, fault, attempts);
}

SimulatedHost* World::host_of(const std::string& vm) {
  const auto on = hosts_.run_by(VmId(vm));
  return on.empty() ? nullptr : &hosts_.host(on.front());
}

void World::repair_all_but_power() {
  heal_network();
  for (const auto& [name, id] : ids_) {
    strip_.break_outlet(name, OutletFault::none);
    engine_goes_on(id);
    auto& one = machine(name);
    one.disk().break_disk(DiskFault::none);
    one.recover();
    if (one.release().format < wire_format) {
      one.set_release({.name = "0.2.0"});
      one.kill_daemon();
    }
    one.host().start_hypervisor();
    one.start_daemon();
  }
}

void World::repair_everything() {
  repair_all_but_power();
  for (const auto& [name, id] : ids_) power_on(name);
}

// --- what is asked of it -------------------------------------------------------------------------

Node* World::next_asked() {
  std::vector<Node*> members;
  std::vector<Node*> others;
  for (const auto& [id, machine] : machines_) {
    if (machine->node() == nullptr || machine->stands_still()) continue;
    (machine->node()->in_step() ? members : others).push_back(machine->node());
  }
  const auto& list = members.empty() ? others : members;
  return list.empty() ? nullptr : list[asked_++ % list.size()];
}

void World::ask(const Event& request, const std::string& words) {
  auto* member = next_asked();
  if (member == nullptr) return refuse(words, "no daemon runs that could be asked");
  for (auto* watcher : watchers_) watcher->on_asked(request);
  member->request(request, [this, request, words](const Result<void>& answer) {
    if (!answer) return refuse(words, "refused: " + answer.error().text);
    log("operator", words + ": granted");
    for (auto* watcher : watchers_) watcher->on_granted(request);
  });
}

void World::remove_rules() {
  const auto* known = member();
  if (known == nullptr) return;
  std::vector<RuleId> names;
  for (const auto& [name, rule] : known->state().rules) names.push_back(name);
  for (const auto& name : names) ask(RuleRemoved{name}, "rule " + name.get() + " remove");
}

// --- time ----------------------------------------------------------------------------------------

void World::pass(milliseconds span, const std::function<bool()>& enough) {
  if (!enough) return clock_.advance(span);
  const auto until = clock_.now() + span;
  while (clock_.now() < until && !enough()) clock_.advance(milliseconds(100));
}

void World::log(const std::string& subject, const std::string& text) {
  const LogEntry entry{now(), subject, text};
  for (auto* watcher : watchers_) watcher->on_log(entry);
}

milliseconds World::now() const {
  return std::chrono::duration_cast<milliseconds>(clock_.now() - begin_);
}

// --- what is true --------------------------------------------------------------------------------

const Node* World::member() const {
  for (const auto& [id, machine] : machines_) {
    const auto* node = machine->node();
    if (node != nullptr && !machine->stands_still() && node->in_step()) return node;
  }
  return nullptr;
}

bool World::well_for(const Machine& machine, std::chrono::seconds span) const {
  const auto since = machine.well_since();
  const auto now = clock_.now();
  if (!since || now - *since < span || !hears_majority(machine.facts().id)) return false;
  const auto went_on = engine_went_on_.find(machine.facts().id);
  if (went_on != engine_went_on_.end() && now - went_on->second < span) return false;
  return !reach_changed_ || now - *reach_changed_ >= span;
}

bool World::hears_majority(NodeId node) const {
  const auto part = [this](const std::string& name) {
    const auto found = part_of_.find(name);
    return found == part_of_.end() ? 0 : found->second;
  };
  const auto own = part(machines_.at(node)->facts().name);
  const auto heard = std::ranges::count_if(machines_, [&](const auto& entry) {
    return entry.second->powered() && !still_engines_.contains(entry.first) &&
           part(entry.second->facts().name) == own;
  });
  if (still_engines_.contains(node)) return false;
  return static_cast<std::size_t>(heard) * 2 > machines_.size();
}

bool World::majority_is_on() const {
  const auto on =
      std::ranges::count_if(machines_, [](const auto& entry) { return entry.second->powered(); });
  return static_cast<std::size_t>(on) * 2 > machines_.size();
}

}  // namespace upbeat
