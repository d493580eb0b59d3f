// SPDX-License-Identifier: Apache-2.0
// The checker that compares what members hold.
#include "sim/one_state.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace upbeat {
namespace {

/// States that are kept to be compared with those of members that are behind.
constexpr std::size_t states_kept = 256;
/// After so many events states are compared as a whole.
constexpr std::uint64_t whole_every_events = 1024;

/// Members that applied the same event of the same view hold the same state. Not so a member that
/// crashes (also where it is back since) or is cut off: it may have been the only one to get what
/// was ordered last (Moser, Amir, Melliar-Smith, Agarwal: "Extended Virtual Synchrony", 1994), and
/// takes the others' state later.
///
/// A member's state is compared as a whole in each new view and where it differed before, else only
/// in what an event changed, at the member or at the one that it is compared with. Now and then all
/// is looked at even so.
class OneState final : public Checker {
 public:
  explicit OneState(World& world) : Checker(world, "one-state") {}
  void on_applied(const Machine& machine, const State& before, const Event& event) override {
    const auto& state = machine.node()->state();
    const auto id = machine.facts().id;
    const Place place{state.epoch, state.index};
    const auto was_same_as = std::exchange(same_as_[id], place);
    const bool follows = was_same_as == Place{before.epoch, before.index} &&
                         !std::holds_alternative<ViewChanged>(event) &&
                         state.index.get() % whole_every_events != 0;
    const auto found = known_.find(place);
    if (found == known_.end()) {
      known_.emplace(place, Known(id, before, state, follows, world_.clock_now()));
      if (known_.size() > states_kept) known_.erase(known_.begin());
      return;
    }
    auto& known = found->second;
    if (follows && known.follows ? same_step(before, state, known)
                                 : same_whole(state, known.state)) {
      // What is the same is held once: a large cluster is many times the same.
      world_.machine(machine.facts().name).node()->share(known.state);
      return;
    }
    const auto& other = *world_.machines().at(known.node);
    const bool lived_on = other.well_since() && *other.well_since() <= known.at;
    known = Known(id, before, state, follows, world_.clock_now());
    std::erase_if(same_as_,
                  [&](const auto& one) { return one.second == place && one.first != id; });
    if (!lived_on || !world_.well_for(machine, undisturbed) || !world_.well_for(other, undisturbed))
      return;
    violated(machine.facts().name + " and " + other.facts().name +
             " hold different states after event " + std::to_string(state.index.get()) +
             " of view " + std::to_string(state.epoch.get()));
  }

 private:
  /// Longer than it takes the others to notice that a member has gone.
  static constexpr std::chrono::seconds undisturbed{5};
  using Place = std::pair<Epoch, EventIndex>;
  /// What the first member to get to a place holds there, and what its last step changed.
  struct Known {
    Known(NodeId by, const State& before, const State& after, bool from_known, MonotonicTime now)
        : node(by), at(now), state(after), follows(from_known) {
      for_changes(before.vms.records(), after.vms.records(),
                  [&](const VmId& vm, const VmRecord* /*record*/) { vms.push_back(vm); });
      for_changes(before.nodes, after.nodes,
                  [&](NodeId one, const NodeRecord* /*record*/) { nodes.push_back(one); });
    }
    NodeId node;
    MonotonicTime at;
    State state;
    bool follows;  ///< the step began where others that are compared with it were the same
    std::vector<VmId> vms;
    std::vector<NodeId> nodes;
  };

  template <class Records, class Look>
  static void for_changes(const Records& before, const Records& after, const Look& look) {
    Records::differences(before, after, [&](const auto& key, const auto* /*old*/, const auto* now) {
      look(key, now);
    });
  }
  template <class Records, class Key, class Record>
  static bool holds(const Records& records, const Key& key, const Record* record) {
    const auto found = records.find(key);
    if (found == records.end()) return record == nullptr;
    return record != nullptr && found->second == *record;
  }
  template <class Records, class Key>
  static bool alike(const Records& a, const Records& b, const Key& key) {
    const auto found = a.find(key);
    return holds(b, key, found == a.end() ? nullptr : &found->second);
  }

  /// All but the guests and the nodes, and what snapshots leave out.
  static bool same_rest(const State& a, const State& b) {
    return a.now == b.now && a.rules == b.rules && a.policy == b.policy;
  }
  static bool same_whole(const State& a, const State& b) {
    return same_rest(a, b) && a.nodes == b.nodes && a.vms == b.vms;
  }
  /// Whether two steps from the same state end in the same state.
  static bool same_step(const State& before, const State& after, const Known& known) {
    const auto& records = known.state.vms.records();
    const auto& nodes = known.state.nodes;
    bool same = same_rest(after, known.state);
    for_changes(
        before.vms.records(), after.vms.records(),
        [&](const VmId& vm, const VmRecord* now) { same = same && holds(records, vm, now); });
    for_changes(before.nodes, after.nodes, [&](NodeId node, const NodeRecord* now) {
      same = same && holds(nodes, node, now);
    });
    return same &&
           std::ranges::all_of(
               known.vms,
               [&](const VmId& vm) { return alike(records, after.vms.records(), vm); }) &&
           std::ranges::all_of(known.nodes,
                               [&](NodeId node) { return alike(nodes, after.nodes, node); });
  }

  std::map<Place, Known> known_;
  std::map<NodeId, Place> same_as_;  ///< where the member's state was last found to be the same
};

}  // namespace

std::unique_ptr<Checker> make_one_state(World& world) { return std::make_unique<OneState>(world); }

}  // namespace upbeat
