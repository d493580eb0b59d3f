// SPDX-License-Identifier: Apache-2.0
// How a story ends, in sentences.
#include "sim/ending.h"

#include "core/explain.h"
#include "core/rules.h"

namespace upbeat {
namespace {

/// How the cluster sees the node.
std::string standing_text(const State& state, NodeId node) {
  const auto word = standing_word(state, node);
  if (word == "off") return "proved off";
  if (word == "left") return "left cleanly";
  if (word == "unseen") return "not seen yet";
  return word == "daemon-away" ? "its daemon is away" : word;
}

std::string of_node(const World& world, const Machine& machine) {
  const auto* member = world.member();
  std::string text = machine.facts().name + (machine.powered() ? " is on" : " is off");
  if (member != nullptr) {
    text += " (" + standing_text(member->state(), machine.facts().id) + ")";
  }
  std::string guests;
  for (const auto& guest : machine.host().guests()) {
    if (machine.host().runs(guest.vm)) guests += (guests.empty() ? "" : ", ") + guest.vm.get();
  }
  return text + (guests.empty() ? "" : " and runs " + guests);
}

/// Why the guest does not run, as `upbeat explain` would say it.
std::string of_guest(const World& world, const VmId& vm) {
  const auto* member = world.member();
  if (member == nullptr) return vm.get() + " is down";
  if (!member->state().vms.contains(vm)) return vm.get() + " is removed";
  std::string text = vm.get() + " is down.";
  for (const auto& line : explain_vm(member->state(), vm)) text += " " + line;
  return text;
}

}  // namespace

std::vector<std::string> ending_of(World& world) {
  std::vector<std::string> lines;
  if (world.member() == nullptr) lines.emplace_back("no node is a member of a quorate view");
  for (const auto& [id, machine] : world.machines()) lines.push_back(of_node(world, *machine));
  for (const auto& vm : world.scenario().vms) {
    if (world.host_of(vm.name) == nullptr) lines.push_back(of_guest(world, VmId(vm.name)));
  }
  const auto* member = world.member();
  if (member == nullptr) return lines;
  for (const auto& [name, rule] : member->state().rules) {
    if (const auto breach = breach_of(member->state(), rule); !breach.empty()) {
      lines.push_back("rule '" + name.get() + "' " + rule_text(member->state(), rule) +
                      "; it is broken: " + breach);
    }
  }
  return lines;
}

}  // namespace upbeat
