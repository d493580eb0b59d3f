// SPDX-License-Identifier: Apache-2.0
// Reads the bodies of requests, and puts what they ask for to the cluster.
#include "api/body.h"

#include <algorithm>
#include <boost/json.hpp>
#include <memory>

#include "base/printable.h"

namespace upbeat::api {

namespace json = boost::json;

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

std::optional<std::string> string_of(Call& call, const json::object& body, const char* name) {
  const json::value* value = body.if_contains(name);
  if (value == nullptr || value->is_null()) return "";
  if (value->is_string()) return std::string(value->get_string());
  reply_error(call, 400, "'" + std::string(name) + "' in the request's body must be a string");
  return std::nullopt;
}

std::optional<std::string> words_of(Call& call, const json::object& body, const char* name) {
  auto words = string_of(call, body, name);
  if (!words || words->size() <= words_limit_bytes) return words;
  reply_error(call, 400,
              "'" + std::string(name) + "' in the request's body is longer than " +
                  std::to_string(words_limit_bytes) + " bytes: shorten it");
  return std::nullopt;
}

std::optional<bool> flag_of(Call& call, const json::object& body, const char* name) {
  const json::value* value = body.if_contains(name);
  if (value == nullptr) return false;
  if (value->is_bool()) return value->get_bool();
  reply_error(call, 400, "'" + std::string(name) + "' in the request's body must be true or false");
  return std::nullopt;
}

void ask(Call call, const Event& event, unsigned granted_status) {
  Service& service = call.service;
  const auto kept = std::make_shared<Call>(std::move(call));
  service.request(event, [kept, granted_status](const Result<void>& verdict) {
    if (!verdict)
      return reply_error(*kept, kept->service.daemon().quorate ? 409 : 503, verdict.error().text);
    reply(*kept, granted_status, json::object{{"index", kept->service.state().index.get()}});
  });
}

std::optional<std::vector<std::string>> strings_of(Call& call, const json::object& body,
                                                   const char* name) {
  const json::value* value = body.if_contains(name);
  if (value == nullptr || value->is_null()) return std::vector<std::string>{};
  std::vector<std::string> texts;
  const json::array* list = value->if_array();
  for (std::size_t at = 0; list != nullptr && at < list->size() && (*list)[at].is_string(); ++at)
    texts.emplace_back((*list)[at].get_string());
  if (list != nullptr && texts.size() == list->size()) return texts;
  reply_error(call, 400,
              "'" + std::string(name) + "' in the request's body must be a list of strings");
  return std::nullopt;
}

}  // namespace upbeat::api
