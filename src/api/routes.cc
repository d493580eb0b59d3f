// SPDX-License-Identifier: Apache-2.0
// The routing table, the search in it, and the handlers that only look.
#include "api/routes.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "api/call.h"
#include "api/snapshot.h"
#include "api/target.h"
#include "api/view.h"
#include "base/printable.h"
#include "core/explain.h"

namespace upbeat {
namespace api {
namespace {

namespace json = boost::json;

void status(Call call) {
  if (!only_knows(call, {})) return;
  reply(call, 200, status_view(call.service.state(), call.service.daemon()));
}

void show_state(Call call) {
  if (!only_knows(call, {})) return;
  reply(call, 200, snapshot_view(call.service.state(), call.service.daemon()));
}

/// One member of the whole view, so that a list looks the same wherever it is read.
void reply_part(Call& call, const char* part) {
  if (!only_knows(call, {})) return;
  json::object whole = status_view(call.service.state(), call.service.daemon());
  reply(call, 200, json::object{{part, std::move(whole[part])}});
}

void list_vms(Call call) { reply_part(call, "vms"); }
void list_nodes(Call call) { reply_part(call, "nodes"); }

void show_policy(Call call) {
  if (only_knows(call, {})) reply(call, 200, policy_view(call.service.state().policy));
}

void list_rules(Call call) { reply_part(call, "rules"); }

void show_vm(Call call) {
  if (!only_knows(call, {})) return;
  if (const auto vm = named_vm(call)) reply(call, 200, vm_full_view(call.service.state(), *vm));
}

void show_node(Call call) {
  if (!only_knows(call, {})) return;
  if (const auto node = named_node(call)) reply(call, 200, node_view(call.service.state(), *node));
}

void show_rule(Call call) {
  if (!only_knows(call, {})) return;
  if (const auto rule = named_rule(call)) reply(call, 200, rule_view(call.service.state(), *rule));
}

void reply_explanation(Call& call, const std::vector<std::string>& sentences) {
  reply(call, 200,
        json::object{{"name", call.names.front()},
                     {"sentences", json::array(sentences.begin(), sentences.end())}});
}

void explain_vm(Call call) {
  if (!only_knows(call, {})) return;
  if (const auto vm = named_vm(call))
    reply_explanation(call, upbeat::explain_vm(call.service.state(), *vm));
}

void explain_node(Call call) {
  if (!only_knows(call, {})) return;
  if (const auto node = named_node(call))
    reply_explanation(call, upbeat::explain_node(call.service.state(), *node));
}

constexpr std::array route_table{
    Route{"GET", "/v1/status"},
    Route{"GET", "/v1/vms"},
    Route{"POST", "/v1/vms"},
    Route{"GET", "/v1/vms/{vm}"},
    Route{"DELETE", "/v1/vms/{vm}"},
    Route{"POST", "/v1/vms/{vm}/start"},
    Route{"POST", "/v1/vms/{vm}/stop"},
    Route{"POST", "/v1/vms/{vm}/migrate"},
    Route{"POST", "/v1/vms/{vm}/failback"},
    Route{"GET", "/v1/nodes"},
    Route{"GET", "/v1/nodes/{node}"},
    Route{"POST", "/v1/nodes/{node}/drain"},
    Route{"POST", "/v1/nodes/{node}/undrain"},
    Route{"POST", "/v1/nodes/{node}/maintenance"},
    Route{"DELETE", "/v1/nodes/{node}/maintenance"},
    Route{"POST", "/v1/nodes/{node}/confirm-off"},
    Route{"POST", "/v1/nodes/{node}/watchdog-drill"},
    Route{"GET", "/v1/drill"},
    Route{"POST", "/v1/drill"},
    Route{"GET", "/v1/policy"},
    Route{"PATCH", "/v1/policy"},
    Route{"GET", "/v1/rules"},
    Route{"GET", "/v1/rules/{rule}"},
    Route{"PUT", "/v1/rules/{rule}"},
    Route{"DELETE", "/v1/rules/{rule}"},
    Route{"GET", "/v1/explain/vms/{vm}"},
    Route{"GET", "/v1/explain/nodes/{node}"},
    Route{"GET", "/v1/events"},
    Route{"GET", "/v1/state"},
};

/// In the order of `route_table`.
constexpr std::array<Handler, route_table.size()> handlers{
    status,       list_vms,          define_vm,       show_vm,     remove_vm,      start_vm,
    stop_vm,      migrate_vm,        set_vm_failback, list_nodes,  show_node,      drain_node,
    undrain_node, begin_maintenance, end_maintenance, confirm_off, drill_watchdog, show_drill,
    begin_drill,  show_policy,       set_policy,      list_rules,  show_rule,      define_rule,
    remove_rule,  explain_vm,        explain_node,    events,      show_state,
};

/// Whether `segments` fit `pattern`; then `names` is what the braces took.
bool matches(std::string_view pattern, const std::vector<std::string>& segments,
             std::vector<std::string>& names) {
  names.clear();
  pattern.remove_prefix(1);
  for (const std::string& segment : segments) {
    const std::size_t end = std::min(pattern.find('/'), pattern.size());
    const std::string_view wanted = pattern.substr(0, end);
    if (wanted.empty()) return false;
    if (wanted.front() == '{') {
      names.push_back(segment);
    } else if (wanted != segment) {
      return false;
    }
    pattern.remove_prefix(std::min(end + 1, pattern.size()));
  }
  return pattern.empty();
}

std::string quote(std::string_view text) { return printable(text, quote_limit_bytes); }

ApiResponse no_route(const ApiRequest& request, const std::string& allow) {
  if (allow.empty())
    return error_response(404, "there is nothing at '" + quote(request.target) +
                                   "': see docs/api/openapi.yaml for what there is");
  ApiResponse response = error_response(405, quote(request.method) + " cannot be done to '" +
                                                 quote(request.target) + "': use " + allow);
  response.allow = allow;
  return response;
}

}  // namespace

void reply(Call& call, unsigned status, const json::value& body) {
  call.done(ApiResponse{.status = status, .body = json_line(body), .allow = {}});
}

void reply_error(Call& call, unsigned status, const std::string& text) {
  call.done(error_response(status, text));
}

bool only_knows(Call& call, const std::vector<std::string>& known) {
  for (const auto& [name, value] : call.query) {
    if (std::ranges::find(known, name) != known.end()) continue;
    reply_error(call, 400,
                "this request does not know the parameter '" + quote(name) + "': leave it out");
    return false;
  }
  return true;
}

std::optional<NodeId> named_node(Call& call) {
  const State& state = call.service.state();
  const NodeId node = node_named(state, call.names.front());
  if (node != NodeId{}) return node;
  std::string known;
  for (const auto& [id, record] : state.nodes)
    known += (known.empty() ? "" : ", ") + name_of(state, id);
  reply_error(call, 404,
              "there is no node '" + quote(call.names.front()) + "': " +
                  (known.empty() ? "the cluster has not met yet" : "the cluster has " + known));
  return std::nullopt;
}

std::optional<VmId> named_vm(Call& call) {
  VmId vm{call.names.front()};
  if (call.service.state().vms.contains(vm)) return vm;
  reply_error(call, 404,
              "there is no VM '" + quote(vm.get()) + "': `upbeat vm list` shows those there are");
  return std::nullopt;
}

std::optional<RuleId> named_rule(Call& call) {
  RuleId rule{call.names.front()};
  if (call.service.state().rules.contains(rule)) return rule;
  reply_error(call, 404,
              "there is no rule '" + rule.get() + "': `upbeat rule list` shows those there are");
  return std::nullopt;
}

}  // namespace api

std::span<const Route> api_routes() { return api::route_table; }

ApiResponse error_response(unsigned status, const std::string& text) {
  return {.status = status, .body = json_line(error_view(text)), .allow = {}};
}

void answer(Service& service, const ApiRequest& request, std::function<void(ApiAnswer)> done) {
  Result<Target> target = parse_target(request.target);
  if (!target) return done(error_response(400, target.error().text));
  std::string allow;
  std::vector<std::string> names;
  for (std::size_t at = 0; at < api::route_table.size(); ++at) {
    const Route& route = api::route_table[at];
    if (!api::matches(route.pattern, target->segments, names)) continue;
    if (route.method == request.method)
      return api::handlers[at]({.service = service,
                                .names = std::move(names),
                                .query = std::move(target->query),
                                .body = request.body,
                                .done = std::move(done)});
    allow += (allow.empty() ? "" : ", ") + std::string(route.method);
  }
  done(api::no_route(request, allow));
}

}  // namespace upbeat
