// SPDX-License-Identifier: Apache-2.0
// A whole cluster in virtual time: real node loops on the ports' twins.
#include "sim/world.h"

#include <algorithm>
#include <utility>

#include "wire/wire.h"

namespace upbeat {
namespace {

using std::chrono::milliseconds;

/// By then the machines of the beginning have met and read their guests.
constexpr milliseconds begin_limit{60'000};
/// The parts that cut cables make begin here, above those of `partition`.
constexpr int first_cable_part = 1000;

std::uint64_t kib(std::uint64_t mib) { return mib * 1024; }

/// What QEMU would be given for this guest, as far as anybody here reads it.
std::string definition(const ScenarioVm& vm) {
  return "<domain type='qemu'><name>" + vm.name + "</name><memory unit='MiB'>" +
         std::to_string(vm.memory_mib) + "</memory><vcpu>" + std::to_string(vm.cores) +
         "</vcpu><os><type>hvm</type></os></domain>";
}

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

World::World(const Scenario& scenario) : scenario_(scenario), hosts_(clock_) {
  std::vector<ConfiguredNode> configured;
  for (const auto& node : scenario_.nodes) {
    const NodeId id(static_cast<std::uint32_t>(ids_.size() + 1));
    ids_[node.name] = id;
    configured.push_back({id, node.name});
  }
  network_ = std::make_unique<SimulatedNetwork>(clock_, configured,
                                                SimulatedNetworkOptions{.seed = scenario_.seed});
  around_ = std::make_unique<Surroundings>(clock_, *network_, hosts_, strip_, Tamper());
  const auto first = encode(first_state());
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
    machines_[id] = std::make_unique<Machine>(*around_,
                                              MachineFacts{.id = id,
                                                           .name = node.name,
                                                           .memory_kib = kib(node.memory_mib),
                                                           .reserve_kib = kib(node.reserve_mib),
                                                           .cores = node.cores},
                                              static_cast<MachineListener&>(*this));
    static_cast<void>(machines_.at(id)->disk().save_snapshot(EventIndex(1), first));
    if (!node.on) strip_.set(node.name, PowerState::off);
  }
  begin();
}

World::~World() = default;

State World::first_state() const {
  State state;
  state.index = EventIndex(1);
  state.epoch = Epoch(1);
  for (const auto& node : scenario_.nodes) {
    auto& record = state.nodes[ids_.at(node.name)];
    record.name = node.name;
    record.capacity = {kib(node.memory_mib - node.reserve_mib), node.cores};
    if (!node.on) record.standing = Left{};
  }
  for (const auto& vm : scenario_.vms) {
    auto& record = state.vms[VmId(vm.name)];
    record.spec = {.uuid = "uuid-of-" + vm.name,
                   .memory_kib = kib(vm.memory_mib),
                   .cores = vm.cores,
                   .priority = vm.priority,
                   .domain_xml = definition(vm)};
    record.wanted = vm.wanted;
    if (vm.node.empty()) continue;
    record.phase = Running{ids_.at(vm.node), ClusterTime{0}};
    record.may_run_on[ids_.at(vm.node)] = state.index;
  }
  return state;
}

void World::begin() {
  for (const auto& vm : scenario_.vms) hosts_.set_traits(VmId(vm.name), vm.traits);
  for (const auto& node : scenario_.nodes) {
    if (node.on) machine(node.name).begin_running();
  }
  for (const auto& vm : scenario_.vms) {
    if (vm.node.empty()) continue;
    hosts_.host(vm.node).begin_with(VmId(vm.name), "uuid-of-" + vm.name, kib(vm.memory_mib));
    seen_on_[VmId(vm.name)] = vm.node;
  }
  hosts_.watch([this](const SimulatedHost& host, const VmId& vm, std::optional<GoneCause> gone) {
    if (gone && *gone != GoneCause::migrated && *gone != GoneCause::failed &&
        seen_on_[vm] == host.name()) {
      log("world", vm.get() + " " + how_it_ended(*gone) + " on " + host.name());
      seen_on_[vm].clear();
    }
    on_guest(host, vm);
  });
  const auto all_met = [this] {
    return std::ranges::all_of(machines_, [](const auto& entry) {
      const auto& machine = *entry.second;
      if (!machine.powered()) return true;
      const auto* node = machine.node();
      if (node == nullptr || !node->in_step()) return false;
      const auto* here = online(node->state(), entry.first);
      return here != nullptr && here->reported;
    });
  };
  pass(begin_limit, all_met);
  begin_ = clock_.now();
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

void World::flap(const std::string& node, int times, milliseconds span) {
  if (times <= 0) return set_cable(node, true);
  set_cable(node, cables_cut_.contains(node));
  flapping_[node] = clock_.after(span, [this, node, times, span] { flap(node, times - 1, span); });
}

void World::heal_network() {
  parts_.clear();
  cables_cut_.clear();
  flapping_.clear();
  renew_parts();
}

void World::renew_parts() {
  std::map<std::string, int> part_of;
  int cable_part = first_cable_part;
  for (const auto& [name, id] : ids_) {
    const auto found = parts_.find(name);
    part_of[name] = cables_cut_.contains(name) ? ++cable_part
                    : found == parts_.end()    ? 0
                                               : found->second;
    machine(name).set_cable(!cables_cut_.contains(name));
  }
  std::map<int, std::vector<NodeId>> sets;
  for (const auto& [name, part] : part_of) sets[part].push_back(ids_.at(name));
  std::vector<std::vector<NodeId>> lists;
  for (auto& [part, ids] : sets) lists.push_back(std::move(ids));
  network_->partition(lists);
  for (const auto& [a, part_a] : part_of) {
    for (const auto& [b, part_b] : part_of) {
      if (a >= b) continue;
      part_a == part_b ? hosts_.mend_wire(a, b) : hosts_.cut_wire(a, b);
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
    auto& one = machine(name);
    one.disk().break_disk(DiskFault::none);
    one.host().start_hypervisor();
    one.start_daemon();
  }
}

void World::repair_everything() {
  repair_all_but_power();
  for (const auto& [name, id] : ids_) power_on(name);
}

// --- what is asked of it -------------------------------------------------------------------------

Node* World::next_member() {
  std::vector<Node*> members;
  for (const auto& [id, machine] : machines_) {
    if (machine->node() != nullptr && !machine->stands_still() && machine->node()->in_step()) {
      members.push_back(machine->node());
    }
  }
  return members.empty() ? nullptr : members[asked_++ % members.size()];
}

void World::ask(const Event& request, const std::string& words) {
  auto* member = next_member();
  if (member == nullptr) return log("operator", words + ": no member of a quorate view answers");
  for (auto* watcher : watchers_) watcher->on_asked(request);
  member->request(request, [this, request, words](const Result<void>& answer) {
    if (!answer) return log("operator", words + ": refused: " + answer.error().text);
    log("operator", words + ": granted");
    for (auto* watcher : watchers_) watcher->on_granted(request);
  });
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

bool World::hears_majority(NodeId node) const {
  const auto part = [this](const std::string& name) {
    const auto found = parts_.find(name);
    return found == parts_.end() ? 0 : found->second;
  };
  const auto& own = machines_.at(node)->facts().name;
  if (cables_cut_.contains(own)) return false;
  std::size_t heard = 0;
  for (const auto& [id, machine] : machines_) {
    const auto& name = machine->facts().name;
    if (machine->powered() && !cables_cut_.contains(name) && part(name) == part(own)) ++heard;
  }
  return heard * 2 > machines_.size();
}

bool World::majority_is_on() const {
  const auto on =
      std::ranges::count_if(machines_, [](const auto& entry) { return entry.second->powered(); });
  return static_cast<std::size_t>(on) * 2 > machines_.size();
}

void World::on_power(NodeId node, PowerState state, const std::string& why) {
  const auto& one = *machines_.at(node);
  log("world", one.facts().name + (state == PowerState::on ? " is on: " : " is off: ") + why);
  if (state == PowerState::on) return;
  for (auto& [vm, host] : seen_on_) {
    if (host != one.facts().name) continue;
    log("world", vm.get() + " died with " + host);
    host.clear();
  }
}

void World::on_daemon(NodeId node, const std::string& what) {
  log("world", machines_.at(node)->facts().name + ": " + what);
}

void World::on_applied(NodeId node, const State& before, const Event& event) {
  ++events_applied_;
  const auto& machine = *machines_.at(node);
  const auto& after = machine.node()->state();
  if (const auto place = std::pair(after.epoch, after.index); place > told_) {
    told_ = place;
    for (const auto& line : after.log) log(line.subject, line.text);
  }
  for (auto* watcher : watchers_) watcher->on_applied(machine, before, event);
}

void World::on_guest(const SimulatedHost& host, const VmId& vm) {
  if (host.runs(vm) && seen_on_[vm] != host.name()) {
    seen_on_[vm] = host.name();
    log("world", vm.get() + " runs on " + host.name());
  }
  for (auto* watcher : watchers_) watcher->on_guest(host, vm);
}

}  // namespace upbeat
