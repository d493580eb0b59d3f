// SPDX-License-Identifier: Apache-2.0
// The handlers about the policy.
#include <boost/json.hpp>
#include <limits>

#include "api/body.h"
#include "core/policy_text.h"

namespace upbeat::api {
namespace {

namespace json = boost::json;

/// Reads the member, if it is there, into `number`; false after a 400.
bool read_count(Call& call, const json::object& body, const char* name,
                std::optional<std::uint32_t>& number) {
  const json::value* value = body.if_contains(name);
  if (value == nullptr) return true;
  const std::int64_t* whole = value->if_int64();
  if (whole == nullptr || *whole < 0 || *whole > std::numeric_limits<std::uint32_t>::max()) {
    reply_error(call, 400,
                "'" + std::string(name) + "' in the request's body must be a whole number");
    return false;
  }
  number = static_cast<std::uint32_t>(*whole);
  return true;
}

/// Reads the member, if it is there, into `choice`; false after a 400.
template <class Choice>
bool read_choice(Call& call, const json::object& body, const char* name,
                 std::initializer_list<Choice> choices, std::string (*word_of)(Choice),
                 std::optional<Choice>& choice) {
  const auto word = string_of(call, body, name);
  if (!word || word->empty()) return word.has_value();
  std::string words;
  for (const Choice one : choices) {
    if (*word == word_of(one)) {
      choice = one;
      return true;
    }
    words += (words.empty() ? "" : ", ") + word_of(one);
  }
  reply_error(call, 400,
              "'" + std::string(name) + "' in the request's body must be one of " + words);
  return false;
}

constexpr auto failbacks = {Failback::stay, Failback::go_home};
constexpr auto shutdowns = {OnShutdown::migrate, OnShutdown::restart, OnShutdown::hold};

}  // namespace

void set_policy(Call call) {
  const auto body = body_of(call, {"restart_tries_here", "restart_tries_elsewhere", "failback",
                                   "on_shutdown", "quarantine_losses", "quarantine_window_s"});
  if (!body) return;
  PolicySet asked;
  if (read_count(call, *body, "restart_tries_here", asked.restart_tries_here) &&
      read_count(call, *body, "restart_tries_elsewhere", asked.restart_tries_elsewhere) &&
      read_count(call, *body, "quarantine_losses", asked.quarantine_losses) &&
      read_count(call, *body, "quarantine_window_s", asked.quarantine_window_s) &&
      read_choice(call, *body, "failback", failbacks, failback_word, asked.failback) &&
      read_choice(call, *body, "on_shutdown", shutdowns, on_shutdown_word, asked.on_shutdown))
    ask(std::move(call), asked, 202);
}

void set_vm_failback(Call call) {
  const auto body = body_of(call, {"failback"});
  if (!body) return;
  VmFailbackSet asked;
  if (!read_choice(call, *body, "failback", failbacks, failback_word, asked.failback)) return;
  const auto vm = named_vm(call);
  if (!vm) return;
  asked.vm = *vm;
  ask(std::move(call), asked, 202);
}

}  // namespace upbeat::api
