// SPDX-License-Identifier: Apache-2.0
// Events to Protocol Buffers and back.
#include <algorithm>

#include "wire/convert.h"

namespace upbeat::wire {

// --- parts of events ---------------------------------------------------------------------------

void put(const NodeNamed& in, v1::NodeNamed& out) {
  const auto& [id, name] = in;
  out.set_id(id.get());
  out.set_name(name);
}

NodeNamed take(const v1::NodeNamed& in, Reading& /*reading*/) {
  return {.id = NodeId(in.id()), .name = in.name()};
}

void put(const GuestSeen& in, v1::GuestSeen& out) {
  const auto& [vm, memory_kib, sighting] = in;
  out.set_vm(vm.get());
  out.set_memory_kib(memory_kib);
  out.set_sighting(to_wire(sighting));
}

GuestSeen take(const v1::GuestSeen& in, Reading& reading) {
  return {.vm = VmId(in.vm()),
          .memory_kib = in.memory_kib(),
          .sighting = from_wire<Sighting>(in.sighting(), to_wire, "how a guest was seen", reading)};
}

void put(const Capacity& in, v1::Capacity& out) {
  const auto& [memory_kib, cores] = in;
  out.set_memory_kib(memory_kib);
  out.set_cores(cores);
}

Capacity take(const v1::Capacity& in, Reading& /*reading*/) {
  return {.memory_kib = in.memory_kib(), .cores = in.cores()};
}

void put(const VmSpec& in, v1::VmSpec& out) {
  const auto& [uuid, memory_kib, cores, priority, domain_xml] = in;
  out.set_uuid(uuid);
  out.set_memory_kib(memory_kib);
  out.set_cores(cores);
  out.set_priority(priority);
  out.set_domain_xml(domain_xml);
}

VmSpec take(const v1::VmSpec& in, Reading& /*reading*/) {
  return {.uuid = in.uuid(),
          .memory_kib = in.memory_kib(),
          .cores = in.cores(),
          .priority = in.priority(),
          .domain_xml = in.domain_xml()};
}

void put(const MigrationProgressed& in, v1::MigrationProgressed& out) {
  const auto& [vm, memory_total_kib, memory_left_kib, rate_kib_per_s, dirty_kib_per_s] = in;
  out.set_vm(vm.get());
  out.set_memory_total_kib(memory_total_kib);
  out.set_memory_left_kib(memory_left_kib);
  out.set_rate_kib_per_s(rate_kib_per_s);
  out.set_dirty_kib_per_s(dirty_kib_per_s);
}

MigrationProgressed take(const v1::MigrationProgressed& in, Reading& /*reading*/) {
  return {.vm = VmId(in.vm()),
          .memory_total_kib = in.memory_total_kib(),
          .memory_left_kib = in.memory_left_kib(),
          .rate_kib_per_s = in.rate_kib_per_s(),
          .dirty_kib_per_s = in.dirty_kib_per_s()};
}

void put(const MigrationEnded& in, v1::MigrationEnded& out) {
  const auto& [vm, from, to, since, success, why, total_ms, downtime_ms] = in;
  out.set_vm(vm.get());
  out.set_from(from.get());
  out.set_to(to.get());
  out.set_since(since.get());
  out.set_success(success);
  out.set_why(why);
  out.set_total_ms(total_ms);
  out.set_downtime_ms(downtime_ms);
}

MigrationEnded take(const v1::MigrationEnded& in, Reading& /*reading*/) {
  return {.vm = VmId(in.vm()),
          .from = NodeId(in.from()),
          .to = NodeId(in.to()),
          .since = EventIndex(in.since()),
          .success = in.success(),
          .why = in.why(),
          .total_ms = in.total_ms(),
          .downtime_ms = in.downtime_ms()};
}

void put(const NodeHere& in, v1::NodeHere& out) {
  const auto& [id, incarnation] = in;
  out.set_id(id.get());
  out.set_incarnation(incarnation);
}

NodeHere take(const v1::NodeHere& in, Reading& /*reading*/) {
  return {.id = NodeId(in.id()), .incarnation = in.incarnation()};
}

void put(const GuestEnded& in, v1::GuestEnded& out) {
  const auto& [vm, ending] = in;
  out.set_vm(vm.get());
  out.set_ending(to_wire(ending));
}

GuestEnded take(const v1::GuestEnded& in, Reading& reading) {
  return {.vm = VmId(in.vm()),
          .ending = from_wire<Ending>(in.ending(), to_wire, "how a guest ended", reading)};
}

// --- the events --------------------------------------------------------------------------------

namespace {

void put(const ViewChanged& in, v1::ViewChanged& out) {
  const auto& [epoch, continuity, here, configured] = in;
  out.set_epoch(epoch.get());
  out.set_continuity(to_wire(continuity));
  put_list(here, *out.mutable_here());
  put_list(configured, *out.mutable_configured());
}

ViewChanged take(const v1::ViewChanged& in, Reading& reading) {
  return {
      .epoch = Epoch(in.epoch()),
      .continuity = from_wire<Continuity>(in.continuity(), to_wire, "a view's continuity", reading),
      .here = take_list(in.here(), reading),
      .configured = take_list(in.configured(), reading)};
}

void put(const Tick& in, v1::Tick& out) {
  const auto& [elapsed] = in;
  out.set_elapsed_ms(to_ms(elapsed));
}

Tick take(const v1::Tick& in, Reading& /*reading*/) { return {from_ms(in.elapsed_ms())}; }

void put(const InventoryReported& in, v1::InventoryReported& out) {
  const auto& [node, incarnation, as_of, capacity, guests, busy, ended] = in;
  out.set_node(node.get());
  out.set_incarnation(incarnation);
  out.set_as_of(as_of.get());
  wire::put(capacity, *out.mutable_capacity());
  put_list(guests, *out.mutable_guests());
  for (const VmId& vm : busy) out.add_busy(vm.get());
  put_list(ended, *out.mutable_ended());
}

InventoryReported take(const v1::InventoryReported& in, Reading& reading) {
  InventoryReported out{.node = NodeId(in.node()),
                        .incarnation = in.incarnation(),
                        .as_of = EventIndex(in.as_of()),
                        .capacity = wire::take(in.capacity(), reading),
                        .guests = take_list(in.guests(), reading),
                        .busy = {},
                        .ended = take_list(in.ended(), reading)};
  if (fits(in.busy_size(), reading)) {
    for (const std::string& vm : in.busy()) out.busy.emplace_back(vm);
  }
  // What follows from a report must not depend on whether its sender kept to the order.
  std::ranges::stable_sort(out.guests, {}, &GuestSeen::vm);
  std::ranges::sort(out.busy);
  std::ranges::stable_sort(out.ended, {}, &GuestEnded::vm);
  return out;
}

void put(const NodeLeaving& in, v1::NodeLeaving& out) {
  const auto& [node, stays] = in;
  out.set_node(node.get());
  out.set_stays(stays);
}

NodeLeaving take(const v1::NodeLeaving& in, Reading& /*reading*/) {
  return {NodeId(in.node()), in.stays()};
}

void put(const DrainRequested& in, v1::DrainRequested& out) {
  const auto& [node, cause, why, budget] = in;
  out.set_node(node.get());
  out.set_cause(to_wire(cause));
  out.set_why(why);
  if (budget) out.set_budget_ms(to_ms(*budget));
}

DrainRequested take(const v1::DrainRequested& in, Reading& reading) {
  DrainRequested out{
      .node = NodeId(in.node()), .cause = wire::take(in.cause(), reading), .why = in.why()};
  if (in.has_budget_ms()) out.budget = from_ms(in.budget_ms());
  return out;
}

void put(const UndrainRequested& in, v1::UndrainRequested& out) {
  const auto& [node] = in;
  out.set_node(node.get());
}

UndrainRequested take(const v1::UndrainRequested& in, Reading& /*reading*/) {
  return {NodeId(in.node())};
}

void put(const FenceReported& in, v1::FenceReported& out) {
  const auto& [node, by, proved_off, detail] = in;
  out.set_node(node.get());
  out.set_by(by.get());
  out.set_proved_off(proved_off);
  out.set_detail(detail);
}

FenceReported take(const v1::FenceReported& in, Reading& /*reading*/) {
  return {.node = NodeId(in.node()),
          .by = NodeId(in.by()),
          .proved_off = in.proved_off(),
          .detail = in.detail()};
}

void put(const OffConfirmed& in, v1::OffConfirmed& out) {
  const auto& [node, who] = in;
  out.set_node(node.get());
  out.set_who(who);
}

OffConfirmed take(const v1::OffConfirmed& in, Reading& /*reading*/) {
  return {.node = NodeId(in.node()), .who = in.who()};
}

void put(const VmDefined& in, v1::VmDefined& out) {
  const auto& [vm, spec] = in;
  out.set_vm(vm.get());
  wire::put(spec, *out.mutable_spec());
}

VmDefined take(const v1::VmDefined& in, Reading& reading) {
  return {.vm = VmId(in.vm()), .spec = wire::take(in.spec(), reading)};
}

void put(const VmWanted& in, v1::VmWanted& out) {
  const auto& [vm, wanted, force] = in;
  out.set_vm(vm.get());
  out.set_wanted(to_wire(wanted));
  out.set_force(to_wire(force));
}

VmWanted take(const v1::VmWanted& in, Reading& reading) {
  return {.vm = VmId(in.vm()),
          .wanted = wire::take(in.wanted(), reading),
          .force = wire::take(in.force(), reading)};
}

void put(const VmMigrateRequested& in, v1::VmMigrateRequested& out) {
  const auto& [vm, to] = in;
  out.set_vm(vm.get());
  if (to) out.set_to(to->get());
}

VmMigrateRequested take(const v1::VmMigrateRequested& in, Reading& /*reading*/) {
  VmMigrateRequested out{.vm = VmId(in.vm()), .to = {}};
  if (in.has_to()) out.to = NodeId(in.to());
  return out;
}

void put(const VmStartFailed& in, v1::VmStartFailed& out) {
  const auto& [vm, on, since, why] = in;
  out.set_vm(vm.get());
  out.set_on(on.get());
  out.set_since(since.get());
  out.set_why(why);
}

VmStartFailed take(const v1::VmStartFailed& in, Reading& /*reading*/) {
  return {
      .vm = VmId(in.vm()), .on = NodeId(in.on()), .since = EventIndex(in.since()), .why = in.why()};
}

void put(const WatchdogArmed& in, v1::WatchdogArmed& out) {
  const auto& [node, incarnation, timeout] = in;
  out.set_node(node.get());
  out.set_incarnation(incarnation);
  out.set_timeout_ms(to_ms(timeout));
}

WatchdogArmed take(const v1::WatchdogArmed& in, Reading& /*reading*/) {
  return {.node = NodeId(in.node()),
          .incarnation = in.incarnation(),
          .timeout = from_ms(in.timeout_ms())};
}

void put(const Decided& in, v1::Decided& out) {
  const auto& [view, decisions] = in;
  out.set_view(view.get());
  put_list(decisions, *out.mutable_decisions());
}

Decided take(const v1::Decided& in, Reading& reading) {
  return {.view = Epoch(in.view()), .decisions = take_list(in.decisions(), reading)};
}

}  // namespace

void put(const Event& in, v1::Event& out) {
  std::visit(Overloaded{
                 [&](const ViewChanged& e) { put(e, *out.mutable_view_changed()); },
                 [&](const Tick& e) { put(e, *out.mutable_tick()); },
                 [&](const InventoryReported& e) { put(e, *out.mutable_inventory_reported()); },
                 [&](const NodeLeaving& e) { put(e, *out.mutable_node_leaving()); },
                 [&](const DrainRequested& e) { put(e, *out.mutable_drain_requested()); },
                 [&](const UndrainRequested& e) { put(e, *out.mutable_undrain_requested()); },
                 [&](const FenceReported& e) { put(e, *out.mutable_fence_reported()); },
                 [&](const OffConfirmed& e) { put(e, *out.mutable_off_confirmed()); },
                 [&](const VmDefined& e) { put(e, *out.mutable_vm_defined()); },
                 [&](const VmWanted& e) { put(e, *out.mutable_vm_wanted()); },
                 [&](const VmMigrateRequested& e) { put(e, *out.mutable_vm_migrate_requested()); },
                 [&](const RuleDefined& e) { wire::put(e, *out.mutable_rule_defined()); },
                 [&](const RuleRemoved& e) { wire::put(e, *out.mutable_rule_removed()); },
                 [&](const PolicySet& e) { wire::put(e, *out.mutable_policy_set()); },
                 [&](const VmFailbackSet& e) { wire::put(e, *out.mutable_vm_failback_set()); },
                 [&](const VmStartFailed& e) { put(e, *out.mutable_vm_start_failed()); },
                 [&](const MigrationEnded& e) { put(e, *out.mutable_migration_ended()); },
                 [&](const MigrationProgressed& e) { put(e, *out.mutable_migration_progressed()); },
                 [&](const WatchdogArmed& e) { put(e, *out.mutable_watchdog_armed()); },
                 [&](const Decided& e) { put(e, *out.mutable_decided()); },
             },
             in);
}

Event take(const v1::Event& in, Reading& reading) {
  switch (in.kind_case()) {
    case v1::Event::kViewChanged:
      return take(in.view_changed(), reading);
    case v1::Event::kTick:
      return take(in.tick(), reading);
    case v1::Event::kInventoryReported:
      return take(in.inventory_reported(), reading);
    case v1::Event::kNodeLeaving:
      return take(in.node_leaving(), reading);
    case v1::Event::kDrainRequested:
      return take(in.drain_requested(), reading);
    case v1::Event::kUndrainRequested:
      return take(in.undrain_requested(), reading);
    case v1::Event::kFenceReported:
      return take(in.fence_reported(), reading);
    case v1::Event::kOffConfirmed:
      return take(in.off_confirmed(), reading);
    case v1::Event::kVmDefined:
      return take(in.vm_defined(), reading);
    case v1::Event::kVmWanted:
      return take(in.vm_wanted(), reading);
    case v1::Event::kVmMigrateRequested:
      return take(in.vm_migrate_requested(), reading);
    case v1::Event::kRuleDefined:
      return wire::take(in.rule_defined(), reading);
    case v1::Event::kRuleRemoved:
      return wire::take(in.rule_removed(), reading);
    case v1::Event::kPolicySet:
      return wire::take(in.policy_set(), reading);
    case v1::Event::kVmFailbackSet:
      return wire::take(in.vm_failback_set(), reading);
    case v1::Event::kVmStartFailed:
      return take(in.vm_start_failed(), reading);
    case v1::Event::kMigrationEnded:
      return take(in.migration_ended(), reading);
    case v1::Event::kMigrationProgressed:
      return take(in.migration_progressed(), reading);
    case v1::Event::kWatchdogArmed:
      return take(in.watchdog_armed(), reading);
    case v1::Event::kDecided:
      return take(in.decided(), reading);
    case v1::Event::KIND_NOT_SET:
      break;
  }
  reading.unknown("its kind");
  return Tick{};
}

}  // namespace upbeat::wire
