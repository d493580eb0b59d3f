// SPDX-License-Identifier: Apache-2.0
// The handlers that ask the cluster for something: body to Event, Service's verdict to status.
#include <boost/json.hpp>
#include <limits>

#include "api/body.h"

namespace upbeat::api {
namespace {

namespace json = boost::json;

/// The core takes no longer ones.
constexpr double least_within_s = 1;
constexpr double most_within_s = 30.0 * 24 * 3600;

std::optional<std::int32_t> priority_of(Call& call, const json::object& body) {
  const json::value* value = body.if_contains("priority");
  if (value == nullptr) return 0;
  if (const std::int64_t* number = value->if_int64();
      number != nullptr && *number >= std::numeric_limits<std::int32_t>::min() &&
      *number <= std::numeric_limits<std::int32_t>::max())
    return static_cast<std::int32_t>(*number);
  reply_error(call, 400, "'priority' in the request's body must be a whole number of 32 bits");
  return std::nullopt;
}

/// For requests on one guest whose whole body is at most {"force": true}.
void want(Call call, Wanted wanted, StopForce force) {
  if (const auto vm = named_vm(call))
    ask(std::move(call), VmWanted{.vm = *vm, .wanted = wanted, .force = force}, 202);
}

using Budget = std::optional<std::chrono::milliseconds>;

/// How long a node may take to be emptied; nothing in it: as long as it takes.
std::optional<Budget> budget_of(Call& call, const json::object& body) {
  const json::value* value = body.if_contains("within_s");
  if (value == nullptr) return Budget();
  const double seconds = value->is_number() ? value->to_number<double>() : 0;
  if (seconds >= least_within_s && seconds <= most_within_s)
    return Budget(static_cast<std::int64_t>(seconds * 1000));
  reply_error(call, 400,
              "'within_s' in the request's body must be a number of seconds from 1 to 2592000");
  return std::nullopt;
}

/// For requests to empty a node whose whole body is at most {"why": "kernel update",
/// "within_s": 300}.
void empty_node(Call call, DrainCause cause) {
  const auto body = body_of(call, {"why", "within_s"});
  if (!body) return;
  const auto why = words_of(call, *body, "why");
  if (!why) return;
  const auto budget = budget_of(call, *body);
  if (!budget) return;
  if (const auto node = named_node(call))
    ask(std::move(call),
        DrainRequested{.node = *node, .cause = cause, .why = *why, .budget = *budget}, 202);
}

}  // namespace

void define_vm(Call call) {
  const auto body = body_of(call, {"domain_xml", "priority"});
  if (!body) return;
  const auto domain_xml = string_of(call, *body, "domain_xml");
  if (!domain_xml) return;
  const auto priority = priority_of(call, *body);
  if (!priority) return;
  if (domain_xml->empty())
    return reply_error(call, 400, "the request's body lacks 'domain_xml', the VM's definition");
  const Result<VmDefined> definition = call.service.read_definition(*domain_xml, *priority);
  if (!definition) return reply_error(call, 400, definition.error().text);
  ask(std::move(call), *definition, 201);
}

void start_vm(Call call) {
  if (body_of(call, {})) want(std::move(call), Wanted::running, StopForce::ask);
}

void stop_vm(Call call) {
  const auto body = body_of(call, {"force"});
  if (!body) return;
  const auto force = flag_of(call, *body, "force");
  if (!force) return;
  want(std::move(call), Wanted::stopped, *force ? StopForce::power_off : StopForce::ask);
}

void remove_vm(Call call) {
  const auto body = body_of(call, {"force"});
  if (!body) return;
  const auto force = flag_of(call, *body, "force");
  if (!force) return;
  want(std::move(call), Wanted::removed, *force ? StopForce::power_off : StopForce::ask);
}

void migrate_vm(Call call) {
  const auto body = body_of(call, {"to"});
  if (!body) return;
  const auto to = string_of(call, *body, "to");
  if (!to) return;
  const auto vm = named_vm(call);
  if (!vm) return;
  if (to->empty())
    return ask(std::move(call), VmMigrateRequested{.vm = *vm, .to = std::nullopt}, 202);
  call.names = {*to};
  if (const auto node = named_node(call))
    ask(std::move(call), VmMigrateRequested{.vm = *vm, .to = node}, 202);
}

void drain_node(Call call) { empty_node(std::move(call), DrainCause::operator_request); }

void begin_maintenance(Call call) { empty_node(std::move(call), DrainCause::maintenance); }

void end_maintenance(Call call) {
  if (!body_of(call, {})) return;
  const auto node = named_node(call);
  if (!node) return;
  const auto& drain = call.service.state().nodes.at(*node).drain;
  if (drain && drain->cause == DrainCause::maintenance)
    return ask(std::move(call), UndrainRequested{*node}, 202);
  const std::string& name = call.names.front();
  reply_error(call, 409,
              "cannot end the maintenance of " + name + ": it is not in maintenance" +
                  (drain ? " but draining; `upbeat undrain " + name + "` ends that"
                         : "; `upbeat node list` shows how nodes stand"));
}

void undrain_node(Call call) {
  if (!body_of(call, {})) return;
  if (const auto node = named_node(call)) ask(std::move(call), UndrainRequested{*node}, 202);
}

void confirm_off(Call call) {
  const auto body = body_of(call, {"who"});
  if (!body) return;
  const auto who = words_of(call, *body, "who");
  if (!who) return;
  if (who->empty())
    return reply_error(call, 400,
                       "the request's body lacks 'who', the name of the person who vouches that "
                       "the node is off");
  if (const auto node = named_node(call))
    ask(std::move(call), OffConfirmed{.node = *node, .who = *who}, 202);
}

}  // namespace upbeat::api
