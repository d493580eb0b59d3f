// SPDX-License-Identifier: Apache-2.0
// Holds docs/api/openapi.yaml against the code. Reads the file by its layout: two spaces a level.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "api/drill_view.h"
#include "api/routes.h"
#include "api/snapshot.h"
#include "api/view.h"

namespace upbeat {
namespace {

/// A key of the file with those above it: {"paths", "/v1/status", "get"}.
using KeyPath = std::vector<std::string>;

std::vector<KeyPath> keys_of(const std::string& file) {
  std::ifstream in(file);
  std::vector<KeyPath> found;
  KeyPath path;
  for (std::string line; std::getline(in, line);) {
    const std::size_t indent = line.find_first_not_of(' ');
    const std::size_t colon = line.find(':');
    if (indent == std::string::npos || colon == std::string::npos || indent % 2 != 0) continue;
    if (line[indent] == '#' || line[indent] == '-') continue;
    path.resize(std::min(path.size(), indent / 2));
    path.push_back(line.substr(indent, colon - indent));
    found.push_back(path);
  }
  return found;
}

std::set<std::string> operations_in_file() {
  std::set<std::string> found;
  for (const KeyPath& path : keys_of(UPBEAT_OPENAPI_FILE)) {
    if (path.size() != 3 || path[0] != "paths" || path[2] == "parameters") continue;
    std::string method = path[2];
    for (char& letter : method) letter = static_cast<char>(std::toupper(letter));
    found.insert(method + " " + path[1]);
  }
  return found;
}

std::set<std::string> members_in_file(const std::string& schema) {
  std::set<std::string> found;
  for (const KeyPath& path : keys_of(UPBEAT_OPENAPI_FILE)) {
    if (path.size() == 5 && path[1] == "schemas" && path[2] == schema && path[3] == "properties")
      found.insert(path[4]);
  }
  return found;
}

std::set<std::string> members_of(const boost::json::value& object) {
  std::set<std::string> found;
  for (const auto& member : object.as_object()) found.emplace(member.key());
  return found;
}

/// One of everything: a draining node with a foreign guest, a lost one being fenced, a guest on
/// its way.
State everything() {
  State state;
  NodeRecord& node = state.nodes[NodeId{1}];
  node.name = "node1";
  node.standing = Online{.incarnation = 1, .member_since = Epoch{1}};
  node.drain = Drain{};
  node.fencing = Fencing{};
  node.foreign = {GuestSeen{.vm = VmId{"other"}}};
  VmRecord& vm = state.vms[VmId{"x0"}];
  vm.phase = Migrating{
      .from = NodeId{1}, .to = NodeId{2}, .progress = MigrationProgressed{.vm = VmId{"x0"}}};
  vm.may_run_on = {{NodeId{1}, EventIndex{1}}};
  vm.last_move = MigrationEnded{.vm = VmId{"x0"}, .from = NodeId{1}, .to = NodeId{2}};
  state.rules[RuleId{"r"}] = Rule{.name = RuleId{"r"}, .kind = RuleKind::on};
  return state;
}

DrillSoFar a_drill() {
  DrillSoFar drill;
  drill.answers[NodeId{2}] = {.answering = Answering::answered, .trouble = {}, .report = {}};
  drill.answers[NodeId{2}].report.peers = {
      {.node = NodeId{1}, .up = true, .devices = {{.device = "strip", .outlet = Outlet::off}}}};
  return drill;
}

TEST(OpenApi, LacksARouteOrDocumentsOneThatIsNotThere) {
  std::set<std::string> in_code;
  for (const Route& route : api_routes())
    in_code.insert(std::string(route.method) + " " + std::string(route.pattern));

  EXPECT_EQ(operations_in_file(), in_code);
}

TEST(OpenApi, DocumentsOtherMembersThanTheViewsHave) {
  const auto status = boost::json::value(status_view(everything(), DaemonStatus{}));
  const auto& node = status.at("nodes").at(0);
  const auto& vm = status.at("vms").at(0);
  const auto drill = boost::json::value(drill_view(everything(), a_drill()));
  const auto& drilled = drill.at("nodes").at(0);
  const std::map<std::string, boost::json::value> views{
      {"Drill", drill},
      {"DrillNode", drilled},
      {"DrillDevice", drilled.at("fencing").at(0)},
      {"DrillWay", drilled.at("ways").at(0)},
      {"DrillFinding", drill.at("findings").at(0)},
      {"Status", status},
      {"Daemon", status.at("daemon")},
      {"Cluster", status.at("cluster")},
      {"Node", node},
      {"ForeignGuest", node.at("foreign").at(0)},
      {"Outlook", node.at("outlook")},
      {"Stranded", node.at("outlook").at("stranded").at(0)},
      {"Drain", node.at("drain")},
      {"Fencing", node.at("fencing")},
      {"Vm", vm},
      {"Progress", vm.at("progress")},
      {"LastMove", vm.at("last_move")},
      {"Rule", status.at("rules").at(0)},
      {"Policy", status.at("policy")},
      {"Event", history_view(HistoryLine{})},
      {"Snapshot", snapshot_view(everything(), DaemonStatus{})},
      {"Failure", error_view("")}};

  for (const auto& [schema, view] : views)
    EXPECT_EQ(members_in_file(schema), members_of(view)) << schema;
}

}  // namespace
}  // namespace upbeat
