// SPDX-License-Identifier: Apache-2.0
// A drill to JSON: by node, what the others saw of it.
#include "api/drill_view.h"

#include <boost/json.hpp>

#include "core/evacuation.h"
#include "core/explain.h"

namespace upbeat {
namespace {

namespace json = boost::json;

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

std::string answer_word(Answering answering) {
  switch (answering) {
    case Answering::waiting:
      return "waiting";
    case Answering::answered:
      return "answered";
    case Answering::silent:
      return "silent";
  }
  return "unknown";
}

std::string outlet_word(Outlet outlet) {
  switch (outlet) {
    case Outlet::unknown:
      return "unknown";
    case Outlet::on:
      return "on";
    case Outlet::off:
      return "off";
  }
  return "unknown";
}

std::string flaw_word(Flaw flaw) {
  switch (flaw) {
    case Flaw::proved_off_alive:
      return "proved-off-alive";
    case Flaw::plugs_differ:
      return "plugs-differ";
    case Flaw::no_proof:
      return "no-proof";
    case Flaw::supply_off:
      return "supply-off";
    case Flaw::device_fails:
      return "device-fails";
    case Flaw::no_device:
      return "no-device";
    case Flaw::way_closed:
      return "way-closed";
    case Flaw::cannot_empty:
      return "cannot-empty";
    case Flaw::no_room:
      return "no-room";
    case Flaw::silent:
      return "silent";
    case Flaw::alarm:
      return "alarm";
  }
  return "unknown";
}

json::array names_of(const std::vector<Stranded>& stranded) {
  json::array names;
  for (const auto& one : stranded) names.emplace_back(one.vm.get());
  return names;
}

/// Whether and how soon the node could be emptied, and who would stay down if it died.
void add_future(json::object& view, const State& state, NodeId node) {
  if (online(state, node) == nullptr) {
    view["empties_in_ms"] = nullptr;
    view["would_stay"] = json::array{};
    view["would_be_down"] = json::array{};
    return;
  }
  const auto future = outlook(state, node);
  view["empties_in_ms"] =
      future.stranded.empty() ? json::value(future.takes.count()) : json::value(nullptr);
  view["would_stay"] = names_of(future.stranded);
  view["would_be_down"] = names_of(stranded_by_loss(state, node));
}

/// What the others saw of the node.
void add_seen(json::object& view, const State& state, const DrillSoFar& drill, NodeId node) {
  json::array devices;
  json::array ways;
  for (const auto& [by, answer] : drill.answers) {
    for (const auto& peer : answer.report.peers) {
      if (peer.node != node) continue;
      for (const auto& device : peer.devices) {
        devices.push_back(json::object{{"by", name_of(state, by)},
                                       {"device", device.device},
                                       {"level", device.level},
                                       {"plug", text_or_null(device.plug)},
                                       {"outlet", outlet_word(device.outlet)},
                                       {"trouble", text_or_null(device.trouble)}});
      }
      if (!peer.up) continue;
      ways.push_back(json::object{{"from", name_of(state, by)},
                                  {"hypervisor", text_or_null(peer.hypervisor)},
                                  {"trouble", text_or_null(peer.way_trouble)}});
    }
  }
  view["fencing"] = std::move(devices);
  view["ways"] = std::move(ways);
}

json::object node_in_drill(const State& state, const DrillSoFar& drill, NodeId node) {
  const auto found = drill.answers.find(node);
  const MemberAnswer answer = found == drill.answers.end() ? MemberAnswer{} : found->second;
  const auto& alarms = answer.report.alarms;
  json::object view{{"name", name_of(state, node)},
                    {"standing", standing_word(state, node)},
                    {"answer", answer_word(answer.answering)},
                    {"trouble", text_or_null(answer.trouble)},
                    {"watchdog_ms", state.nodes.at(node).watchdog.count()},
                    {"alarms", json::array(alarms.begin(), alarms.end())}};
  add_seen(view, state, drill, node);
  add_future(view, state, node);
  return view;
}

}  // namespace

json::object drill_view(const State& state, const DrillSoFar& drill) {
  json::array nodes;
  for (const auto& [node, record] : state.nodes) {
    nodes.push_back(node_in_drill(state, drill, node));
  }
  json::array flaws;
  for (const auto& finding : findings(state, drill.answers)) {
    flaws.push_back(
        json::object{{"flaw", flaw_word(finding.flaw)},
                     {"node", finding.node == NodeId() ? json::value(nullptr)
                                                       : json::value(name_of(state, finding.node))},
                     {"text", finding.text}});
  }
  return {{"drill", drill.drill},
          {"begun_wall_ms", drill.begun_wall_ms},
          {"running", !is_over(drill.answers)},
          {"nodes", std::move(nodes)},
          {"findings", std::move(flaws)}};
}

}  // namespace upbeat
