// SPDX-License-Identifier: Apache-2.0
// A running lab, by its manifest.
#include "lab/lab.h"

#include <unistd.h>

#include <algorithm>

namespace upbeat::lab {
namespace {

constexpr auto shut_down_limit = std::chrono::minutes(5);

}  // namespace

Lab::Lab(Names names, Shape shape) : names_(std::move(names)), shape_(shape) {
  for (int node = 0; node < shape_.nodes; ++node) {
    nodes_.push_back({node_name(node), node_address(node, 0)});
  }
  for (int vm = 0; vm < shape_.vms; ++vm) {
    guests_.push_back({vm_name(vm), guest_address(vm), "/lab/vms/" + vm_name(vm) + ".xml"});
  }
}

Result<Lab> Lab::open(const std::string& name) {
  auto names = Names::of(name);
  if (!names) return std::unexpected(names.error());
  if (!std::filesystem::exists(names->manifest())) {
    return fail("there is no lab '" + name + "'; 'upbeat lab up' makes one");
  }
  auto manifest = read_file(names->manifest());
  if (!manifest) return std::unexpected(manifest.error());
  auto shape = parse_shape(*manifest);
  if (!shape) return std::unexpected(shape.error());
  return Lab(std::move(*names), *shape);
}

bool Lab::has_node(const std::string& node) const {
  return std::ranges::find(nodes_, node, &NodeInfo::name) != nodes_.end();
}

Result<Finished> Lab::exec(const std::string& node, const Command& command) const {
  return run_inside(names_, node, command);
}

Power Lab::power(const std::string& node) const { return power_of(names_, node); }
Done Lab::cut_power(const std::string& node) const { return power_cut(names_, node); }
Done Lab::switch_on(const std::string& node) const { return power_on(names_, node); }
Done Lab::shut_down(const std::string& node) const {
  return power_off(names_, node, shut_down_limit);
}
bool Lab::has_booted(const std::string& node) const { return booted(names_, node); }

Done Lab::pull_cable(const std::string& node) const {
  return set_cable(names_, node, Cable::pulled, all_links);
}
Done Lab::plug_cable(const std::string& node) const {
  return set_cable(names_, node, Cable::plugged, all_links);
}

Done Lab::enter_gateway() const { return enter_namespace(names_, "gw"); }

Result<GuestStatus> Lab::ask_guest(const std::string& guest,
                                   std::chrono::milliseconds limit) const {
  const auto found = std::ranges::find(guests_, guest, &GuestInfo::name);
  if (found == guests_.end()) return fail("the lab has no guest '" + guest + "'");
  return guest_status(names_, found->address, limit);
}

std::vector<QemuProcess> Lab::qemu_processes() const {
  return lab::qemu_processes(names_, shape_.nodes);
}

}  // namespace upbeat::lab
