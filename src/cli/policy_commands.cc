// SPDX-License-Identifier: Apache-2.0
// Commands about the policy.
#include "cli/policy_commands.h"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <charconv>
#include <iostream>
#include <memory>

#include "cli/command.h"
#include "cli/tables.h"

namespace upbeat::cli {
namespace {

namespace json = boost::json;

struct PolicyOptions : ApiOptions {
  std::string key;
  std::string value;
};

/// A number where it is one; the daemon says what a key takes.
json::value value_of(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  return json::value(text);
}

void print_policy(const PolicyOptions& options) {
  const auto policy = or_end(options.client().get("/v1/policy"), options.format());
  if (options.json) return print_json(policy);
  std::cout << policy_text(policy);
}

void add_show(CLI::App& policy) {
  const auto options = std::make_shared<PolicyOptions>();
  CLI::App* command = policy.add_subcommand("show", "Show the policy");
  add_api_options(*command, *options);
  command->callback([options] { print_policy(*options); });
}

void add_set(CLI::App& policy) {
  const auto options = std::make_shared<PolicyOptions>();
  CLI::App* command = policy.add_subcommand("set", "Change one key of the policy");
  add_api_options(*command, *options);
  command->add_option("KEY", options->key, "A key that `policy show` shows")
      ->required()
      ->check(CLI::IsMember({"restart_tries_here", "restart_tries_elsewhere", "failback",
                             "on_shutdown", "quarantine_losses", "quarantine_window_s"}));
  command->add_option("VALUE", options->value, "Its value")->required();
  command->callback([options] {
    const auto answer = or_end(
        options->client().send("PATCH", "/v1/policy", {{options->key, value_of(options->value)}}),
        options->format());
    if (options->json) return print_json(answer);
    print_policy(*options);
  });
}

}  // namespace

void add_policy(CLI::App& app) {
  CLI::App* policy = app.add_subcommand("policy", "What the cluster does where there is a choice");
  policy->require_subcommand(1);
  add_show(*policy);
  add_set(*policy);
}

}  // namespace upbeat::cli
