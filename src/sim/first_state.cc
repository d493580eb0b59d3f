// SPDX-License-Identifier: Apache-2.0
// What a cluster knows when its story begins.
#include "sim/first_state.h"

#include <algorithm>

namespace upbeat {
namespace {

std::uint64_t kib(std::uint64_t mib) { return mib * 1024; }

VmRecord record_of(const ScenarioVm& vm, NodeId on, EventIndex since) {
  VmRecord record;
  record.spec = {.uuid = "uuid-of-" + vm.name,
                 .memory_kib = kib(vm.memory_mib),
                 .cores = vm.cores,
                 .priority = vm.priority,
                 .domain_xml = definition_of(vm)};
  record.wanted = vm.wanted;
  record.failback = vm.failback;
  if (on == NodeId()) return record;
  record.phase = Running{on, ClusterTime{0}};
  record.may_run_on[on] = since;
  record.last_on = on;
  if (vm.wanted == Wanted::running) record.home = on;
  return record;
}

}  // namespace

NodeId id_in(const Scenario& scenario, const std::string& node) {
  const auto at = std::ranges::find(scenario.nodes, node, &ScenarioNode::name);
  if (at == scenario.nodes.end()) return {};
  return NodeId(static_cast<std::uint32_t>(at - scenario.nodes.begin() + 1));
}

Rule rule_of(const Scenario& scenario, const ScenarioRule& rule) {
  Rule made{.name = RuleId(rule.name), .kind = rule.kind, .strictness = rule.strictness};
  for (const auto& vm : rule.vms) made.vms.emplace_back(vm);
  for (const auto& node : rule.nodes) made.nodes.push_back(id_in(scenario, node));
  std::ranges::sort(made.vms);
  std::ranges::sort(made.nodes);
  return made;
}

std::string definition_of(const ScenarioVm& vm) {
  return "<domain type='qemu'><name>" + vm.name + "</name><memory unit='MiB'>" +
         std::to_string(vm.memory_mib) + "</memory><vcpu>" + std::to_string(vm.cores) +
         "</vcpu><os><type>hvm</type></os></domain>";
}

State first_state(const Scenario& scenario) {
  State state;
  state.index = EventIndex(1);
  state.epoch = Epoch(1);
  state.policy = scenario.policy;
  std::map<std::string, NodeId> ids;
  for (const auto& node : scenario.nodes) {
    const NodeId id(static_cast<std::uint32_t>(ids.size() + 1));
    ids[node.name] = id;
    auto& record = state.nodes[id];
    record.name = node.name;
    record.capacity = {kib(node.memory_mib - node.reserve_mib), node.cores};
    if (!node.on) record.standing = Left{};
  }
  for (const auto& vm : scenario.vms) {
    state.vms[VmId(vm.name)] =
        record_of(vm, vm.node.empty() ? NodeId() : ids.at(vm.node), state.index);
  }
  for (const auto& rule : scenario.rules) {
    state.rules.insert_or_assign(RuleId(rule.name), rule_of(scenario, rule));
  }
  return state;
}

}  // namespace upbeat
