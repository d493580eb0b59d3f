// SPDX-License-Identifier: Apache-2.0
// What must never happen, and what must happen in the end.
#include "sim/checkers.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/explain.h"
#include "ports/fencer.h"
#include "sim/one_state.h"

namespace upbeat {
namespace {

using std::chrono::milliseconds;

/// A node that has been well for so long is not to be fenced: until others see it again and the
/// tries of a fence device are over, an order may be out, and may be late by its validity.
constexpr auto long_well = std::chrono::seconds(6) + fence_order_validity;

/// A guest executes on one powered host at most. The design's first promise.
class RunsOnce final : public Checker {
 public:
  explicit RunsOnce(World& world) : Checker(world, "runs-once") {}
  void on_guest(const SimulatedHost& /*host*/, const VmId& vm) override {
    const auto on = std::as_const(world_).hosts().run_by(vm);
    if (on.size() > 1) violated(vm.get() + " runs on " + on.front() + " and on " + on.back());
  }
};

/// The guests of a host, coming and going ones included, never need more than it has for them.
class WithinCapacity final : public Checker {
 public:
  explicit WithinCapacity(World& world) : Checker(world, "within-capacity") {}
  void on_guest(const SimulatedHost& host, const VmId& /*vm*/) override {
    std::uint64_t used = 0;
    for (const auto& guest : host.guests()) used += guest.memory_kib;
    for (const auto& node : world_.scenario().nodes) {
      if (node.name != host.name()) continue;
      const auto room = (node.memory_mib - node.reserve_mib) * 1024;
      if (used > room) {
        violated(host.name() + " has " + std::to_string(room / 1024) +
                 " MiB for guests and holds " + std::to_string(used / 1024));
      }
    }
  }
};

/// What was granted stays so: a defined guest is known, and wanted as last granted.
class NothingForgotten final : public Checker {
 public:
  explicit NothingForgotten(World& world) : Checker(world, "nothing-forgotten") {
    for (const auto& vm : world.scenario().vms) {
      asked_[VmId(vm.name)].push_back({vm.wanted, milliseconds{0}, true});
    }
  }
  void on_asked(const Event& request) override {
    if (const auto* asked = std::get_if<VmWanted>(&request)) {
      asked_[asked->vm].push_back({asked->wanted, world_.now(), false});
    }
  }
  void on_granted(const Event& request) override {
    const auto* granted = std::get_if<VmWanted>(&request);
    if (granted == nullptr) return;
    auto& list = asked_[granted->vm];
    const auto which = std::ranges::find_if(
        list, [&](const Asked& one) { return one.wanted == granted->wanted && !one.granted; });
    if (which != list.end()) which->granted = true;
  }
  void on_settled() override {
    const auto* member = world_.member();
    if (member == nullptr) return violated("no member of a quorate view is left to ask");
    for (const auto& [vm, list] : asked_) {
      const auto may_be = possible(list);
      const auto found = member->state().vms.find(vm);
      if (found == member->state().vms.end()) {
        if (!may_be.contains(Wanted::removed)) violated(vm.get() + " is forgotten");
      } else if (!may_be.contains(found->second.wanted)) {
        violated("it is forgotten what was granted for " + vm.get());
      }
    }
  }

 private:
  struct Asked {
    Wanted wanted = Wanted::running;
    milliseconds at{0};
    bool granted = false;
  };
  /// What may hold now: the newest granted, and whatever was asked around its time or later, for
  /// that may have been ordered after it, whatever its answer.
  static std::set<Wanted> possible(const std::vector<Asked>& list) {
    auto newest = list.begin();
    for (auto one = list.begin(); one != list.end(); ++one) {
      if (one->granted) newest = one;
    }
    std::set<Wanted> may_be{newest->wanted};
    for (const auto& one : list) {
      if (one.at + milliseconds(2 * request_patience_ms) > newest->at && one.at > milliseconds{0}) {
        may_be.insert(one.wanted);
      }
    }
    return may_be;
  }

  std::map<VmId, std::vector<Asked>> asked_;
};

/// What must always hold does, as each member says that checks its own state: a bug that it noticed
/// is one too.
class InvariantsHold final : public Checker {
 public:
  explicit InvariantsHold(World& world) : Checker(world, "invariants-hold") {}
  void on_applied(const Machine& machine, const State& /*before*/,
                  const Event& /*event*/) override {
    if (const auto& why = machine.node()->frozen()) violated(machine.facts().name + ": " + *why);
  }
  /// Members say nothing that one of them is too old for.
  void on_out_of_step(const Machine& machine, const std::string& why) override {
    if (why.contains("it cannot understand")) violated(machine.facts().name + ": " + why);
  }
};

/// No decision comes true without saying why.
class ReasonsGiven final : public Checker {
 public:
  explicit ReasonsGiven(World& world) : Checker(world, "reasons-given") {}
  void on_applied(const Machine& /*machine*/, const State& /*before*/,
                  const Event& event) override {
    const auto* decided = std::get_if<Decided>(&event);
    if (decided == nullptr) return;
    for (const auto& decision : decided->decisions) {
      if (decision.why.text().empty()) violated("a decision gives no reason");
    }
  }
};

/// A node that has long been well, among a majority, keeps its power.
class HealthySpared final : public Checker {
 public:
  explicit HealthySpared(World& world) : Checker(world, "healthy-spared") {}
  void on_fenced(const Machine& machine) override {
    if (!world_.well_for(machine, long_well)) return;
    violated(machine.facts().name + " was fenced although it was well");
  }
};

/// Memory of a host that is free for one more guest.
std::uint64_t room_of(const World& world, const ScenarioNode& node) {
  std::uint64_t used = 0;
  for (const auto& guest : world.hosts().host(node.name).guests()) used += guest.memory_kib;
  const auto room = (node.memory_mib - node.reserve_mib) * 1024;
  return room > used ? room - used : 0;
}

bool takes_guests(const State& state, const ScenarioNode& node) {
  const auto id = node_named(state, node.name);
  const auto* here = online(state, id);
  if (here == nullptr || !here->reported) return false;
  return !state.nodes.at(id).drain && !state.nodes.at(id).quarantine;
}

/// Whether a host other than `except` could take the guest, by what the hosts really hold.
bool could_run(const World& world, const State& state, const VmRecord& vm,
               const std::string& except = {}) {
  return std::ranges::any_of(world.scenario().nodes, [&](const ScenarioNode& node) {
    return node.name != except && takes_guests(state, node) &&
           room_of(world, node) >= vm.spec.memory_kib;
  });
}

/// Once faults have stopped, no guest stays down that is wanted and could run.
class RunsInTheEnd final : public Checker {
 public:
  explicit RunsInTheEnd(World& world) : Checker(world, "runs-in-the-end") {}
  void on_news(const Machine& machine, const State& before, const Event& event) override {
    const auto& after = machine.node()->state();
    const auto& policy = after.policy;
    fewest_tries_ =
        std::min(fewest_tries_, policy.restart_tries_here + policy.restart_tries_elsewhere);
    if (!std::holds_alternative<VmStartFailed>(event) &&
        !std::holds_alternative<InventoryReported>(event)) {
      return;
    }
    Table<VmId, VmRecord>::differences(
        before.vms.records(), after.vms.records(),
        [&](const VmId& id, const VmRecord* old, const VmRecord* vm) {
          if (old == nullptr || vm == nullptr) return;
          if (vm->start_failures > old->start_failures || vm->crashes != old->crashes) {
            ++failures_[id];
          }
        });
  }
  void on_settled() override {
    const auto* member = world_.member();
    if (member == nullptr) return violated("the cluster has no quorate view");
    for (const auto& [id, vm] : member->state().vms) {
      const bool runs = !std::as_const(world_).hosts().run_by(id).empty();
      if (vm.wanted != Wanted::running) {
        if (runs) violated(id.get() + " runs and is not wanted");
      } else if (!runs && !excused(id, vm) && !is_held(member->state(), vm) &&
                 could_run(world_, member->state(), vm)) {
        violated(id.get() + " is down: " + explain_vm(member->state(), id).back());
      }
    }
  }

 private:
  /// By policy it waits for a node, and that one is off or closed.
  static bool is_held(const State& state, const VmRecord& vm) {
    return vm.held_for != NodeId() && !why_closed(state, vm.held_for).empty();
  }
  /// Given up after as many tries as the policy wanted, if it wanted fewest.
  [[nodiscard]] bool excused(const VmId& id, const VmRecord& vm) const {
    const auto failures = failures_.find(id);
    return vm.given_up && failures != failures_.end() && failures->second >= fewest_tries_;
  }

  std::uint32_t fewest_tries_ = 2 * restart_tries_limit;
  std::map<VmId, std::uint32_t>
      failures_;  ///< crashes and starts that went wrong, of all the story
};

/// Every drain ends: no guest stays on a drained node that could be elsewhere.
class DrainsEnd final : public Checker {
 public:
  explicit DrainsEnd(World& world) : Checker(world, "drains-end") {}
  void on_settled() override {
    const auto* member = world_.member();
    if (member == nullptr) return;
    for (const auto& [node, record] : member->state().nodes) {
      if (!record.drain || online(member->state(), node) == nullptr) continue;
      for (const auto& guest : std::as_const(world_).hosts().host(record.name).guests()) {
        const auto vm = member->state().vms.find(guest.vm);
        if (vm != member->state().vms.end() && vm->second.wanted == Wanted::running &&
            could_run(world_, member->state(), vm->second, record.name)) {
          violated(guest.vm.get() + " is still on " + record.name + ", which is draining");
        }
      }
    }
  }
};

template <class T>
std::unique_ptr<Checker> make(World& world) {
  return std::make_unique<T>(world);
}

}  // namespace

void Checker::violated(const std::string& text) {
  if (found_.empty()) found_.push_back({name_, world_.now(), text});
}

const std::vector<CheckerFacts>& all_checkers() {
  static const std::vector<CheckerFacts> all{
      {"runs-once", "a guest executes on one powered host at most", make<RunsOnce>},
      {"within-capacity", "no host holds more guests than it has memory for", make<WithinCapacity>},
      {"nothing-forgotten", "what an operator was granted stays so", make<NothingForgotten>},
      {"one-state", "members that applied the same event hold the same state", make_one_state},
      {"invariants-hold",
       "no member finds its own state broken, or hears what it cannot understand",
       make<InvariantsHold>},
      {"reasons-given", "every decision says why", make<ReasonsGiven>},
      {"healthy-spared", "a node that is well is not fenced", make<HealthySpared>},
      {"runs-in-the-end", "once faults stop, every guest runs that is wanted and has room",
       make<RunsInTheEnd>},
      {"drains-end", "every drain ends", make<DrainsEnd>},
  };
  return all;
}

bool is_repaired(const World& world, Concerned concerned) {
  const auto* member = world.member();
  if (member == nullptr) return false;
  for (const auto& [id, machine] : world.machines()) {
    const bool off = !machine->powered() && !machine->coming_up();
    if (off && concerned == Concerned::nodes_that_are_on) continue;
    if (!machine->powered() || machine->node() == nullptr || !machine->node()->in_step()) {
      return false;
    }
    if (machine->node()->state().index != member->state().index) return false;
  }
  const auto& state = member->state();
  return std::ranges::all_of(state.vms, [&](const auto& entry) {
    const auto& [id, vm] = entry;
    if (vm.wanted != Wanted::running) return std::holds_alternative<Stopped>(vm.phase);
    if (vm.given_up) return true;
    if (const auto* running = std::get_if<Running>(&vm.phase)) {
      return !state.nodes.at(running->on).drain && world.hosts().run_by(id).size() == 1;
    }
    return false;
  });
}

}  // namespace upbeat
