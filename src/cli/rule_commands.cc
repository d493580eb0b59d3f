// SPDX-License-Identifier: Apache-2.0
// Commands about rules for placement.
#include "cli/rule_commands.h"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>
#include <memory>

#include "api/target.h"
#include "cli/command.h"
#include "cli/tables.h"

namespace upbeat::cli {
namespace {

namespace json = boost::json;

struct RuleOptions : ApiOptions {
  std::string name;
  std::string kind;
  std::vector<std::string> vms;
  std::string nodes;  ///< "n1,n2"
  bool best_effort = false;
};

CLI::App* add(CLI::App& rules, const char* name, const char* what, RuleOptions& options) {
  CLI::App* command = rules.add_subcommand(name, what);
  add_api_options(*command, options);
  return command;
}

std::string target_of(const RuleOptions& options) {
  return "/v1/rules/" + percent_encode(options.name);
}

/// The words between the commas, as a list.
json::array words_of(const std::string& text) {
  json::array words;
  for (std::string word : CLI::detail::split(text, ','))
    if (!CLI::detail::trim(word).empty()) words.emplace_back(word);
  return words;
}

void add_list(CLI::App& rules) {
  const auto options = std::make_shared<RuleOptions>();
  add(rules, "list", "List the rules", *options)->callback([options] {
    const json::value list = or_end(options->client().get("/v1/rules"), options->format());
    if (options->json) return print_json(list);
    std::cout << rules_text(list, colours_of_stdout());
  });
}

void add_add(CLI::App& rules) {
  const auto options = std::make_shared<RuleOptions>();
  CLI::App* command =
      add(rules, "add", "Define a rule, in place of one of the same name", *options);
  command->add_option("NAME", options->name, "The rule's name")->required();
  command->add_option("KIND", options->kind, "together or apart; on or off with --nodes")
      ->required()
      ->check(CLI::IsMember({"together", "apart", "on", "off"}));
  command->add_option("VM", options->vms, "The VMs that it is about")->required();
  command->add_option("--nodes", options->nodes, "The nodes of on and off: node1,node2");
  command->add_flag("--best-effort", options->best_effort,
                    "Prefer nodes that suit it, but go against it where nothing else is left");
  command->callback([options] {
    json::object body{{"kind", options->kind},
                      {"strictness", options->best_effort ? "best-effort" : "strict"},
                      {"vms", json::array(options->vms.begin(), options->vms.end())}};
    if (!options->nodes.empty()) body["nodes"] = words_of(options->nodes);
    const auto answer =
        or_end(options->client().send("PUT", target_of(*options), body), options->format());
    if (options->json) return print_json(answer);
    const auto rule = or_end(options->client().get(target_of(*options)), options->format());
    std::cout << rules_text({{"rules", json::array{rule}}}, colours_of_stdout());
  });
}

void add_remove(CLI::App& rules) {
  const auto options = std::make_shared<RuleOptions>();
  CLI::App* command = add(rules, "remove", "Forget a rule; no VM moves for that", *options);
  command->add_option("NAME", options->name, "The rule's name")->required();
  command->callback([options] {
    const auto answer =
        or_end(options->client().send("DELETE", target_of(*options), {}), options->format());
    if (options->json) return print_json(answer);
    std::cout << "rule " << options->name << " is removed\n";
  });
}

}  // namespace

void add_rules(CLI::App& app) {
  CLI::App* rules = app.add_subcommand("rule", "Keep VMs together or apart, on nodes or off them");
  rules->require_subcommand(1);
  add_list(*rules);
  add_add(*rules);
  add_remove(*rules);
}

}  // namespace upbeat::cli
