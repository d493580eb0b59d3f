// SPDX-License-Identifier: Apache-2.0
// Rules and what is asked about them to Protocol Buffers and back.
#include "wire/convert.h"

namespace upbeat::wire {

void put(const Rule& in, v1::Rule& out) {
  const auto& [name, kind, strictness, vms, nodes] = in;
  out.set_name(name.get());
  out.set_kind(to_wire(kind));
  out.set_strictness(to_wire(strictness));
  for (const VmId& vm : vms) out.add_vms(vm.get());
  for (const NodeId node : nodes) out.add_nodes(node.get());
}

Rule take(const v1::Rule& in, Reading& reading) {
  Rule out{.name = RuleId(in.name()),
           .kind = from_wire<RuleKind>(in.kind(), to_wire, "the kind of a rule", reading),
           .strictness =
               from_wire<Strictness>(in.strictness(), to_wire, "how strict a rule is", reading),
           .vms = {},
           .nodes = {}};
  if (!fits(in.vms_size(), reading) || !fits(in.nodes_size(), reading)) return out;
  for (const std::string& vm : in.vms()) out.vms.emplace_back(vm);
  for (const std::uint32_t node : in.nodes()) out.nodes.emplace_back(node);
  return out;
}

void put(const RuleDefined& in, v1::RuleDefined& out) {
  const auto& [rule] = in;
  put(rule, *out.mutable_rule());
}

RuleDefined take(const v1::RuleDefined& in, Reading& reading) { return {take(in.rule(), reading)}; }

void put(const RuleRemoved& in, v1::RuleRemoved& out) {
  const auto& [name] = in;
  out.set_name(name.get());
}

RuleRemoved take(const v1::RuleRemoved& in, Reading& /*reading*/) { return {RuleId(in.name())}; }

}  // namespace upbeat::wire
