// SPDX-License-Identifier: Apache-2.0
// The manifest of a lab as JSON.
#include "lab/shape.h"

#include <boost/json.hpp>

#include "lab/names.h"

namespace upbeat::lab {

bool is_machine(const Shape& shape, int index) { return index >= shape.nodes - shape.machines; }

std::string to_json(const Shape& shape) {
  const boost::json::object manifest{
      {"nodes", shape.nodes},
      {"machines", shape.machines},
      {"vms", shape.vms},
      {"token_ms", shape.token_ms},
      {"node_memory_mib", shape.node_memory_mib},
      {"host_reserve_mib", shape.host_reserve_mib},
      {"vm_memory_mib", shape.vm_memory_mib},
      {"supplies", shape.supplies},
      {"tie", shape.tie == Tie::arbiter ? "arbiter" : "nobody"},
      {"tsc_khz", shape.tsc_khz},
      {"accelerator", shape.accelerator == Accelerator::kvm ? "kvm" : "tcg"},
      {"echo", shape.echo == Echo::driver ? "driver" : "stack"},
      {"software", shape.software == Software::upbeat ? "upbeat" : "none"},
      {"fencing", shape.fencing == Fencing::strip ? "strip" : "none"},
      {"watchdog_s", shape.watchdog_s},
      {"phase", shape.phase == Phase::up ? "up" : "starting"},
  };
  return boost::json::serialize(manifest) + "\n";
}

Result<Shape> parse_shape(const std::string& json) {
  boost::system::error_code error;
  const auto value = boost::json::parse(json, error);
  if (error || !value.is_object())
    return fail("cannot read the lab's manifest: it is no JSON object");
  const auto& manifest = value.as_object();
  Shape shape;
  const auto number = [&](const char* key, int& to) {
    const auto* found = manifest.if_contains(key);
    if (found != nullptr && found->is_int64()) to = static_cast<int>(found->as_int64());
  };
  const auto is = [&](const char* key, const char* word) {
    const auto* found = manifest.if_contains(key);
    return found != nullptr && found->is_string() && found->as_string() == word;
  };
  number("nodes", shape.nodes);
  number("machines", shape.machines);
  number("vms", shape.vms);
  number("token_ms", shape.token_ms);
  number("node_memory_mib", shape.node_memory_mib);
  number("host_reserve_mib", shape.host_reserve_mib);
  number("vm_memory_mib", shape.vm_memory_mib);
  number("tsc_khz", shape.tsc_khz);
  number("supplies", shape.supplies);
  shape.tie = is("tie", "arbiter") ? Tie::arbiter : Tie::nobody_wins;
  shape.accelerator = is("accelerator", "kvm") ? Accelerator::kvm : Accelerator::tcg;
  shape.echo = is("echo", "stack") ? Echo::stack : Echo::driver;
  shape.software = is("software", "none") ? Software::none : Software::upbeat;
  shape.fencing = is("fencing", "none") ? Fencing::none : Fencing::strip;
  number("watchdog_s", shape.watchdog_s);
  shape.phase = is("phase", "up") ? Phase::up : Phase::starting;
  if (shape.nodes < 1 || shape.nodes > node_limit || shape.vms < 0 || shape.vms > vm_limit ||
      shape.machines < 0 || shape.machines >= shape.nodes || shape.supplies < 1 ||
      shape.supplies > supply_limit) {
    return fail("cannot read the lab's manifest: its numbers of nodes or VMs are out of range");
  }
  return shape;
}

}  // namespace upbeat::lab
