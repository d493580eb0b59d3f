// SPDX-License-Identifier: Apache-2.0
// What a drill asks and what comes of it to Protocol Buffers and back.
#include "wire/convert.h"

namespace upbeat::wire {

void put(const DeviceAnswer& in, v1::DeviceAnswer& out) {
  const auto& [device, level, plug, outlet, trouble] = in;
  out.set_device(device);
  out.set_level(level);
  out.set_plug(plug);
  out.set_outlet(to_wire(outlet));
  out.set_trouble(trouble);
}

DeviceAnswer take(const v1::DeviceAnswer& in, Reading& reading) {
  return {.device = in.device(),
          .level = in.level(),
          .plug = in.plug(),
          .outlet = from_wire<Outlet>(in.outlet(), to_wire, "what an outlet is", reading),
          .trouble = in.trouble()};
}

void put(const PeerReport& in, v1::PeerReport& out) {
  const auto& [node, up, devices, hypervisor, way_trouble] = in;
  out.set_node(node.get());
  out.set_up(up);
  put_list(devices, *out.mutable_devices());
  out.set_hypervisor(hypervisor);
  out.set_way_trouble(way_trouble);
}

PeerReport take(const v1::PeerReport& in, Reading& reading) {
  return {.node = NodeId(in.node()),
          .up = in.up(),
          .devices = take_list(in.devices(), reading),
          .hypervisor = in.hypervisor(),
          .way_trouble = in.way_trouble()};
}

void put(const DrillAsked& in, v1::DrillAsked& out) {
  const auto& [drill, of, kind] = in;
  out.set_drill(drill);
  out.set_of(of.get());
  out.set_kind(to_wire(kind));
}

DrillAsked take(const v1::DrillAsked& in, Reading& reading) {
  return {.drill = in.drill(),
          .of = NodeId(in.of()),
          .kind = from_wire<DrillKind>(in.kind(), to_wire, "the kind of a drill", reading)};
}

void put(const DrillReported& in, v1::DrillReported& out) {
  const auto& [drill, to, refused, report] = in;
  const auto& [has_watchdog, peers, alarms] = report;
  out.set_drill(drill);
  out.set_to(to.get());
  out.set_refused(refused);
  out.set_has_watchdog(has_watchdog);
  put_list(peers, *out.mutable_peers());
  for (const std::string& alarm : alarms) out.add_alarms(alarm);
}

DrillReported take(const v1::DrillReported& in, Reading& reading) {
  DrillReported out{.drill = in.drill(),
                    .to = NodeId(in.to()),
                    .refused = in.refused(),
                    .report = {.has_watchdog = in.has_watchdog(),
                               .peers = take_list(in.peers(), reading),
                               .alarms = {}}};
  if (!fits(in.alarms_size(), reading)) return out;
  for (const std::string& alarm : in.alarms()) out.report.alarms.emplace_back(alarm);
  return out;
}

}  // namespace upbeat::wire
