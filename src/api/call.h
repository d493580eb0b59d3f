// SPDX-License-Identifier: Apache-2.0
// A request on its way through the routes, and what handlers have in common. Inside src/api only.
#pragma once

#include <boost/json/fwd.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/routes.h"
#include "api/service.h"

namespace upbeat::api {

/// A request that has found its route.
struct Call {
  Service& service;
  std::vector<std::string> names;  ///< what the pattern's braces took, in order
  std::map<std::string, std::string> query;
  std::string body;
  std::function<void(ApiAnswer)> done;
};

using Handler = void (*)(Call call);

void reply(Call& call, unsigned status, const boost::json::value& body);
void reply_error(Call& call, unsigned status, const std::string& text);

/// Refuses, with 400, query parameters that are not among `known`. Says whether all is well.
[[nodiscard]] bool only_knows(Call& call, const std::vector<std::string>& known);

/// The node, guest or rule that the address names; where there is none, nullopt after a 404.
[[nodiscard]] std::optional<NodeId> named_node(Call& call);
[[nodiscard]] std::optional<VmId> named_vm(Call& call);
[[nodiscard]] std::optional<RuleId> named_rule(Call& call);

/// The handlers that ask the cluster for something: each is answered when it is granted (202, and
/// 201 for a definition: {"index": …}) or refused.
void define_vm(Call call);
void start_vm(Call call);
void stop_vm(Call call);
void migrate_vm(Call call);
void remove_vm(Call call);
void drain_node(Call call);
void undrain_node(Call call);
void begin_maintenance(Call call);
void end_maintenance(Call call);
void confirm_off(Call call);
void set_vm_failback(Call call);
void set_policy(Call call);
void define_rule(Call call);
void remove_rule(Call call);

/// Drills: what the cluster is told of none of.
void begin_drill(Call call);
void show_drill(Call call);
void drill_watchdog(Call call);

/// GET /v1/events
void events(Call call);

}  // namespace upbeat::api
