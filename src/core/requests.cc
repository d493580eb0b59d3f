// SPDX-License-Identifier: Apache-2.0
// Whether what an operator asks for can be granted.
#include "core/requests.h"

#include <algorithm>

#include "core/evacuation.h"
#include "core/placement.h"
#include "core/rule_requests.h"
#include "core/rules.h"
#include "core/text.h"

namespace upbeat {
namespace {

/// Guests that one cluster manages at most.
constexpr std::size_t vm_limit = 4096;

Result<void> no_node(const std::string& attempt, NodeId node) {
  return fail("cannot " + attempt + ": this cluster has no node #" + std::to_string(node.get()) +
              "; `upbeat node list` shows its nodes");
}

Result<void> no_vm(const std::string& attempt, const VmId& vm) {
  return fail("cannot " + attempt + " " + vm.get() +
              ": there is no VM of that name; `upbeat vm list` "
              "shows those there are");
}

Result<void> check(const State& state, const VmDefined& asked) {
  const std::string attempt = "cannot define " + asked.vm.get() + ": ";
  if (state.vms.contains(asked.vm)) {
    return fail(attempt + "a VM of that name is defined already; `upbeat vm remove " +
                asked.vm.get() + "` takes it away");
  }
  for (const auto& [id, vm] : state.vms) {
    if (vm.spec.uuid == asked.spec.uuid) {
      return fail(attempt + id.get() + " has the same UUID " + asked.spec.uuid +
                  "; give it another one, or none and Upbeat makes one up");
    }
  }
  if (state.vms.size() >= vm_limit) {
    return fail(attempt + "the cluster has " + std::to_string(vm_limit) +
                " VMs, which is the limit");
  }
  std::uint64_t largest = 0;
  NodeId where;
  for (const auto& [id, node] : state.nodes) {
    if (node.capacity.memory_kib > largest) {
      largest = node.capacity.memory_kib;
      where = id;
    }
  }
  if (largest != 0 && asked.spec.memory_kib > largest) {
    return fail(attempt + "it needs " + mib(asked.spec.memory_kib) + " and the largest node, " +
                name_of(state, where) + ", has " + mib(largest) +
                " for guests; give it less memory or the cluster a larger node");
  }
  return {};
}

Result<void> check(const State& state, const VmWanted& asked) {
  const auto found = state.vms.find(asked.vm);
  if (found == state.vms.end()) {
    return no_vm(asked.wanted == Wanted::running   ? "start"
                 : asked.wanted == Wanted::stopped ? "stop"
                                                   : "remove",
                 asked.vm);
  }
  if (found->second.wanted == Wanted::removed && asked.wanted != Wanted::removed) {
    return fail("cannot start or stop " + asked.vm.get() + ": it is being removed");
  }
  return {};
}

Result<void> check(const State& state, const VmMigrateRequested& asked) {
  const auto found = state.vms.find(asked.vm);
  if (found == state.vms.end()) return no_vm("migrate", asked.vm);
  const std::string attempt = "cannot migrate " + asked.vm.get() + ": ";
  const auto* running = std::get_if<Running>(&found->second.phase);
  if (running == nullptr) {
    return fail(attempt + "it is not running; `upbeat explain " + asked.vm.get() + "` says more");
  }
  if (!asked.to) {
    const auto anywhere = place(state, asked.vm);
    if (!anywhere) return fail(attempt + anywhere.error() + "; make room or bring a node back");
    return {};
  }
  if (!state.nodes.contains(*asked.to)) return no_node("migrate " + asked.vm.get(), *asked.to);
  if (running->on == *asked.to) {
    return fail(attempt + "it runs on " + name_of(state, *asked.to) + " already");
  }
  if (const auto why = rule_against(state, asked.vm, *asked.to);
      !why.empty() && why_closed(state, *asked.to).empty()) {
    return fail(attempt + why + "; choose another node, or change the rule (`upbeat rule list`)");
  }
  if (const auto fit = fits(state, asked.vm, *asked.to); !fit) {
    return fail(attempt + fit.error() + " and the VM needs " + mib(found->second.spec.memory_kib) +
                "; choose another node or make room");
  }
  return {};
}

bool others_can_take_over(const State& state, NodeId node) {
  return std::ranges::any_of(state.nodes, [&](const auto& entry) {
    const auto* here = std::get_if<Online>(&entry.second.standing);
    return entry.first != node && here != nullptr && here->incarnation != 0 && !here->leaving &&
           !entry.second.drain && !entry.second.quarantine;
  });
}

Result<void> check_maintenance(const State& state, NodeId node) {
  if (!state.nodes.contains(node)) return no_node("put a node into maintenance", node);
  if (others_can_take_over(state, node)) return {};
  return fail("cannot put " + name_of(state, node) +
              " into maintenance: it is the last node that can run VMs; bring another one back "
              "first");
}

Result<void> check(const State& state, const DrainRequested& asked) {
  if (asked.cause == DrainCause::maintenance) return check_maintenance(state, asked.node);
  const auto found = state.nodes.find(asked.node);
  if (found == state.nodes.end()) return no_node("drain", asked.node);
  if (is_of_its_host(asked.cause)) return {};  // it goes down whatever we say
  const auto name = name_of(state, asked.node);
  if (online(state, asked.node) == nullptr) {
    return fail("cannot drain " + name + ": it is not online; `upbeat explain " + name +
                "` says more");
  }
  if (!others_can_take_over(state, asked.node)) {
    return fail("cannot drain " + name +
                ": it is the last node that can run VMs; bring another one back first");
  }
  const auto stranded = stranded_by_drain(state, asked.node);
  if (!stranded.empty()) {
    std::string text = "cannot drain " + name + ": ";
    for (const auto& one : stranded) text += one.why + "; ";
    return fail(text + "stop a VM or bring a node back, nothing was moved");
  }
  return {};
}

Result<void> check(const State& state, const UndrainRequested& asked) {
  const auto found = state.nodes.find(asked.node);
  if (found == state.nodes.end()) return no_node("undrain", asked.node);
  if (!found->second.drain && !found->second.quarantine) {
    return fail("cannot undrain " + name_of(state, asked.node) +
                ": it is neither draining nor quarantined");
  }
  return {};
}

Result<void> check(const State& state, const OffConfirmed& asked) {
  const auto found = state.nodes.find(asked.node);
  if (found == state.nodes.end()) return no_node("confirm a node off", asked.node);
  const auto name = name_of(state, asked.node);
  if (online(state, asked.node) != nullptr) {
    return fail("cannot take your word that " + name + " is off: it is online in this cluster");
  }
  return {};
}

Result<void> check(const State& state, const RuleDefined& asked) {
  return check_rule(state, asked.rule);
}

Result<void> check(const State& state, const RuleRemoved& asked) {
  if (state.rules.contains(asked.name)) return {};
  return fail("cannot remove rule '" + asked.name.get() +
              "': there is no rule of that name; `upbeat rule list` shows those there are");
}

Result<void> check_quarantine(const PolicySet& asked) {
  if (asked.quarantine_losses.value_or(0) > quarantine_losses_limit) {
    return fail("cannot set the policy: " + std::to_string(*asked.quarantine_losses) +
                " losses before a node is quarantined are more than the limit of " +
                std::to_string(quarantine_losses_limit) + "; choose fewer, or 0 for never");
  }
  const auto window_s = asked.quarantine_window_s.value_or(quarantine_window_least_s);
  if (window_s >= quarantine_window_least_s && window_s <= quarantine_window_most_s) return {};
  return fail("cannot set the policy: the window in which losses count cannot be " +
              std::to_string(window_s) + " s; choose " + std::to_string(quarantine_window_least_s) +
              " to " + std::to_string(quarantine_window_most_s));
}

Result<void> check(const State& /*state*/, const PolicySet& asked) {
  if (auto quarantine = check_quarantine(asked); !quarantine) return quarantine;
  const auto most =
      std::max(asked.restart_tries_here.value_or(0), asked.restart_tries_elsewhere.value_or(0));
  if (most <= restart_tries_limit) return {};
  return fail("cannot set the policy: " + std::to_string(most) +
              " tries to restart a VM are more "
              "than the limit of " +
              std::to_string(restart_tries_limit) + "; choose fewer");
}

Result<void> check(const State& state, const VmFailbackSet& asked) {
  if (!state.vms.contains(asked.vm)) return no_vm("set the failback of", asked.vm);
  return {};
}

template <class T>
Result<void> check(const State& /*state*/, const T& /*not a request*/) {
  return {};
}

/// Whether an operator asks for it, who would take it for kept once it is granted.
bool is_of_an_operator(const Event& request) {
  if (const auto* drain = std::get_if<DrainRequested>(&request))
    return !is_of_its_host(drain->cause);
  return std::holds_alternative<UndrainRequested>(request) ||
         std::holds_alternative<VmDefined>(request) || std::holds_alternative<VmWanted>(request) ||
         std::holds_alternative<VmMigrateRequested>(request) ||
         std::holds_alternative<RuleDefined>(request) ||
         std::holds_alternative<RuleRemoved>(request) ||
         std::holds_alternative<PolicySet>(request) ||
         std::holds_alternative<VmFailbackSet>(request);
}

}  // namespace

Result<void> check_request(const State& state, const Event& request) {
  if (is_of_an_operator(request)) {
    if (const auto why = why_nothing_begins(state); !why.empty()) {
      return fail("cannot do that now: " + why +
                  "; if you know that it is off, say `upbeat node confirm-off`");
    }
  }
  return std::visit([&](const auto& asked) { return check(state, asked); }, request);
}

}  // namespace upbeat
