// SPDX-License-Identifier: Apache-2.0
// Waiting for nodes, cluster and guests, with names when something is missing.
#include "lab/cluster.h"

#include <boost/json.hpp>
#include <future>
#include <sstream>

#include "lab/guest_status.h"
#include "lab/node.h"
#include "lab/up.h"

namespace upbeat::lab {
namespace {

using namespace std::chrono_literals;

constexpr auto boot_limit = 3min;
constexpr auto machine_boot_limit = 8min;  ///< where the host has other things to do, too
constexpr auto cluster_limit = 60s;
constexpr auto guests_limit = 3min;
constexpr auto command_limit = 60s;
constexpr auto answer_limit = 300ms;

std::string of(int count, int all) { return std::to_string(count) + "/" + std::to_string(all); }

/// Standard output of a program in a node; empty if it failed.
std::string said(const Names& names, const std::string& node, std::vector<std::string> argv) {
  const auto finished =
      run_inside(names, node, {.argv = std::move(argv), .timeout = command_limit});
  return finished && finished->exit_status == 0 ? finished->out : "";
}

Done check_units(const Names& names, const std::string& node) {
  const std::string failed =
      said(names, node, {"systemctl", "--failed", "--plain", "--no-legend", "--no-pager"});
  if (failed.empty()) return {};
  return fail(node + " has booted with a failed unit: " + failed.substr(0, failed.find(' ')) +
              "; 'journalctl' in the node says why");
}

Done must(const Names& names, const std::string& node, const std::vector<std::string>& argv) {
  std::string words;
  for (const auto& word : argv) words += (words.empty() ? "" : " ") + word;
  const auto finished = run_inside(names, node, {.argv = argv, .timeout = command_limit});
  if (!finished) return std::unexpected(finished.error());
  if (finished->exit_status == 0) return {};
  return fail("'" + words + "' in " + node +
              " failed: " + finished->err.substr(0, finished->err.find('\n')));
}

Done start_guest(const Names& names, const Shape& shape, int vm) {
  const std::string definition = "/lab/vms/" + vm_name(vm) + ".xml";
  if (shape.software == Software::none) {
    return must(names, node_name(vm % shape.nodes), {"virsh", "create", definition});
  }
  if (auto done = must(names, node_name(0), {"upbeat", "vm", "define", definition}); !done) {
    return done;
  }
  return must(names, node_name(0), {"upbeat", "vm", "start", "--no-wait", vm_name(vm)});
}

int guests_answering(const Names& names, const Shape& shape) {
  std::vector<std::future<bool>> asked;
  for (int vm = 0; vm < shape.vms; ++vm) {
    asked.push_back(std::async(std::launch::async, [&names, vm] {
      return guest_status(names, guest_address(vm), answer_limit).has_value();
    }));
  }
  int answering = 0;
  for (auto& each : asked) answering += each.get() ? 1 : 0;
  return answering;
}

}  // namespace

bool all_in_quorum(const std::string& quorumtool_output, int nodes) {
  std::istringstream lines(quorumtool_output);
  bool together = false;
  bool quorate = false;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key;
    std::string value;
    words >> key >> value;
    if (key == "Nodes:") together = value == std::to_string(nodes);
    if (key == "Quorate:") quorate = value == "Yes";
  }
  return together && quorate;
}

int nodes_up(const std::string& status_json) {
  boost::system::error_code error;
  const auto value = boost::json::parse(status_json, error);
  if (error || !value.is_object()) return 0;
  const auto* nodes = value.as_object().if_contains("nodes");
  if (nodes == nullptr || !nodes->is_array()) return 0;
  int up = 0;
  for (const auto& node : nodes->as_array()) {
    const auto* standing = node.is_object() ? node.as_object().if_contains("standing") : nullptr;
    if (standing != nullptr && standing->is_string() && standing->as_string() == "online") ++up;
  }
  return up;
}

Done wait_for_nodes(const Names& names, const Shape& shape, Progress& progress) {
  const auto ready = [&] {
    int count = 0;
    for (int node = 0; node < shape.nodes; ++node) count += booted(names, node_name(node)) ? 1 : 0;
    progress.tell(of(count, shape.nodes));
    return count == shape.nodes;
  };
  const std::chrono::minutes limit = shape.machines > 0 ? machine_boot_limit : boot_limit;
  if (!wait_until(ready, limit)) {
    return fail("not all nodes have booted within " + std::to_string(limit.count()) +
                " minutes; their consoles are in " + names.consoles().string());
  }
  for (int node = 0; node < shape.nodes; ++node) {
    if (auto done = check_units(names, node_name(node)); !done) return done;
  }
  return {};
}

Done wait_for_cluster(const Names& names, const Shape& shape, Progress& progress) {
  progress.begin("cluster forms");
  const auto quorate = [&] {
    return all_in_quorum(said(names, node_name(0), {"corosync-quorumtool", "-s"}), shape.nodes);
  };
  if (!wait_until(quorate, cluster_limit)) {
    return fail(
        "Corosync has not brought all nodes together within a minute; see "
        "'upbeat lab exec node0 -- corosync-quorumtool -s'");
  }
  if (shape.software == Software::upbeat) {
    const auto all_up = [&] {
      const int up = nodes_up(said(names, node_name(0), {"upbeat", "status", "--json"}));
      progress.tell(of(up, shape.nodes));
      return up == shape.nodes;
    };
    if (!wait_until(all_up, cluster_limit)) {
      return fail(
          "Upbeat has not all nodes up within a minute of Corosync; see "
          "'upbeat lab exec node0 -- journalctl -u upbeatd'");
    }
  }
  progress.done(std::to_string(shape.nodes) + " nodes, quorate");
  return {};
}

Done start_guests(const Names& names, const Shape& shape, Progress& progress) {
  if (shape.vms == 0) return {};
  progress.begin("guests answer");
  for (int vm = 0; vm < shape.vms && !interrupted(); ++vm) {
    progress.tell("0/" + std::to_string(shape.vms) + ", starting " + vm_name(vm));
    if (auto done = start_guest(names, shape, vm); !done) return done;
  }
  const auto all_answer = [&] {
    const int answering = guests_answering(names, shape);
    progress.tell(of(answering, shape.vms));
    return answering == shape.vms;
  };
  if (!wait_until(all_answer, guests_limit)) {
    return fail("not all guests answer within 3 minutes; their consoles are in " +
                names.consoles().string());
  }
  progress.done(of(shape.vms, shape.vms));
  return {};
}

}  // namespace upbeat::lab
