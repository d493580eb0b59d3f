// SPDX-License-Identifier: Apache-2.0
// Decisions to Protocol Buffers and back.
#include "wire/convert.h"

namespace upbeat::wire {

namespace {

void put(const StartVm& in, v1::StartVm& out) {
  const auto& [vm, on] = in;
  out.set_vm(vm.get());
  out.set_on(on.get());
}

StartVm take(const v1::StartVm& in) { return {VmId(in.vm()), NodeId(in.on())}; }

void put(const MigrateVm& in, v1::MigrateVm& out) {
  const auto& [vm, from, to] = in;
  out.set_vm(vm.get());
  out.set_from(from.get());
  out.set_to(to.get());
}

MigrateVm take(const v1::MigrateVm& in) {
  return {VmId(in.vm()), NodeId(in.from()), NodeId(in.to())};
}

void put(const StopVm& in, v1::StopVm& out) {
  const auto& [vm, on, force] = in;
  out.set_vm(vm.get());
  out.set_on(on.get());
  out.set_force(to_wire(force));
}

StopVm take(const v1::StopVm& in, Reading& reading) {
  return {VmId(in.vm()), NodeId(in.on()), take(in.force(), reading)};
}

void put(const FenceNode& in, v1::FenceNode& out) {
  const auto& [node, by] = in;
  out.set_node(node.get());
  out.set_by(by.get());
}

FenceNode take(const v1::FenceNode& in) { return {NodeId(in.node()), NodeId(in.by())}; }

void put(const HoldVm& in, v1::HoldVm& out) {
  const auto& [vm] = in;
  out.set_vm(vm.get());
}

HoldVm take(const v1::HoldVm& in) { return {VmId(in.vm())}; }

void put(const GiveUpVm& in, v1::GiveUpVm& out) {
  const auto& [vm] = in;
  out.set_vm(vm.get());
}

GiveUpVm take(const v1::GiveUpVm& in) { return {VmId(in.vm())}; }

void put(const HastenVm& in, v1::HastenVm& out) {
  const auto& [vm, step] = in;
  out.set_vm(vm.get());
  out.set_step(to_wire(step));
}

HastenVm take(const v1::HastenVm& in, Reading& reading) {
  return {VmId(in.vm()), take(in.step(), reading)};
}

void put(const CallOffMove& in, v1::CallOffMove& out) {
  const auto& [vm] = in;
  out.set_vm(vm.get());
}

CallOffMove take(const v1::CallOffMove& in) { return {VmId(in.vm())}; }

Action take_action(const v1::Decision& in, Reading& reading) {
  switch (in.action_case()) {
    case v1::Decision::kStartVm:
      return take(in.start_vm());
    case v1::Decision::kMigrateVm:
      return take(in.migrate_vm());
    case v1::Decision::kStopVm:
      return take(in.stop_vm(), reading);
    case v1::Decision::kFenceNode:
      return take(in.fence_node());
    case v1::Decision::kHoldVm:
      return take(in.hold_vm());
    case v1::Decision::kGiveUpVm:
      return take(in.give_up_vm());
    case v1::Decision::kHastenVm:
      return take(in.hasten_vm(), reading);
    case v1::Decision::kCallOffMove:
      return take(in.call_off_move());
    case v1::Decision::ACTION_NOT_SET:
      break;
  }
  reading.unknown("what a decision does");
  return HoldVm{};
}

}  // namespace

void put(const Decision& in, v1::Decision& out) {
  const auto& [action, why] = in;
  out.set_why(why.text());
  std::visit(Overloaded{
                 [&](const StartVm& a) { put(a, *out.mutable_start_vm()); },
                 [&](const MigrateVm& a) { put(a, *out.mutable_migrate_vm()); },
                 [&](const HastenVm& a) { put(a, *out.mutable_hasten_vm()); },
                 [&](const CallOffMove& a) { put(a, *out.mutable_call_off_move()); },
                 [&](const StopVm& a) { put(a, *out.mutable_stop_vm()); },
                 [&](const FenceNode& a) { put(a, *out.mutable_fence_node()); },
                 [&](const HoldVm& a) { put(a, *out.mutable_hold_vm()); },
                 [&](const GiveUpVm& a) { put(a, *out.mutable_give_up_vm()); },
             },
             action);
}

Decision take(const v1::Decision& in, Reading& reading) {
  return {take_action(in, reading), Reason(in.why())};
}

}  // namespace upbeat::wire
