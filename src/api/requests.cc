// SPDX-License-Identifier: Apache-2.0
// The handlers that ask the cluster for something: body to Event, Service's verdict to status.
#include <boost/json.hpp>
#include <limits>
#include <memory>

#include "api/call.h"
#include "base/printable.h"

namespace upbeat::api {
namespace {

namespace json = boost::json;

/// The body as an object with no keys but `known`; nullopt after a 400. No body is an empty object.
std::optional<json::object> body_of(Call& call, const std::vector<std::string>& known) {
  if (!only_knows(call, {})) return std::nullopt;
  if (call.body.empty()) return json::object{};
  boost::system::error_code error;
  json::value body = json::parse(call.body, error);
  if (error || !body.is_object()) {
    reply_error(call, 400,
                "the request's body is not a JSON object" + (error ? ": " + error.message() : ""));
    return std::nullopt;
  }
  for (const auto& member : body.get_object()) {
    const std::string name(member.key());
    if (std::ranges::find(known, name) != known.end()) continue;
    std::string choices;
    for (const std::string& choice : known) choices += (choices.empty() ? "" : ", ") + choice;
    reply_error(call, 400,
                "the request's body has an unknown member '" + printable(name, quote_limit_bytes) +
                    "': " + (choices.empty() ? "it takes none" : "it takes " + choices));
    return std::nullopt;
  }
  return std::move(body.get_object());
}

/// The member as a string, "" if it is not there; nullopt after a 400.
std::optional<std::string> string_of(Call& call, const json::object& body, const char* name) {
  const json::value* value = body.if_contains(name);
  if (value == nullptr || value->is_null()) return "";
  if (value->is_string()) return std::string(value->get_string());
  reply_error(call, 400, "'" + std::string(name) + "' in the request's body must be a string");
  return std::nullopt;
}

/// The same for words to people, which stand in every status and history from then on.
std::optional<std::string> words_of(Call& call, const json::object& body, const char* name) {
  auto words = string_of(call, body, name);
  if (!words || words->size() <= words_limit_bytes) return words;
  reply_error(call, 400,
              "'" + std::string(name) + "' in the request's body is longer than " +
                  std::to_string(words_limit_bytes) + " bytes: shorten it");
  return std::nullopt;
}

/// The member as a yes or no, no if it is not there; nullopt after a 400.
std::optional<bool> flag_of(Call& call, const json::object& body, const char* name) {
  const json::value* value = body.if_contains(name);
  if (value == nullptr) return false;
  if (value->is_bool()) return value->get_bool();
  reply_error(call, 400, "'" + std::string(name) + "' in the request's body must be true or false");
  return std::nullopt;
}

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

/// Puts the request to the cluster and answers with its verdict.
void ask(Call call, const Event& event, unsigned granted_status) {
  Service& service = call.service;
  const auto kept = std::make_shared<Call>(std::move(call));
  service.request(event, [kept, granted_status](const Result<void>& verdict) {
    if (!verdict)
      return reply_error(*kept, kept->service.daemon().quorate ? 409 : 503, verdict.error().text);
    reply(*kept, granted_status, json::object{{"index", kept->service.state().index.get()}});
  });
}

/// For requests on one guest whose whole body is at most {"force": true}.
void want(Call call, Wanted wanted, StopForce force) {
  if (const auto vm = named_vm(call))
    ask(std::move(call), VmWanted{.vm = *vm, .wanted = wanted, .force = force}, 202);
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

void drain_node(Call call) {
  const auto body = body_of(call, {"why"});
  if (!body) return;
  const auto why = words_of(call, *body, "why");
  if (!why) return;
  if (const auto node = named_node(call))
    ask(std::move(call),
        DrainRequested{.node = *node, .cause = DrainCause::operator_request, .why = *why}, 202);
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
