// SPDX-License-Identifier: Apache-2.0
// Commands about hosts.
#include "cli/node_commands.h"

#include <pwd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>

#include "api/target.h"
#include "cli/command.h"
#include "cli/exit_status.h"
#include "cli/fields.h"
#include "cli/tables.h"
#include "cli/waiting.h"

namespace upbeat::cli {
namespace {

namespace json = boost::json;

struct NodeOptions : ApiOptions {
  std::string node;
  std::string why;
  std::string who;
  std::string on_or_off;
  std::optional<double> within_s;
  bool yes = false;
  WaitOptions wait;
};

std::string target_of(const NodeOptions& options, const std::string& verb) {
  return "/v1/nodes/" + percent_encode(options.node) + verb;
}

CLI::App* add(CLI::App& parent, const char* name, const char* what, NodeOptions& options) {
  CLI::App* command = parent.add_subcommand(name, what);
  add_api_options(*command, options);
  return command;
}

void add_why_and_when(CLI::App& command, NodeOptions& options) {
  command.add_option("--why", options.why, "A word for others: kernel update");
  command
      .add_option("--within", options.within_s,
                  "Seconds until the node goes down: what cannot leave is shut down before")
      ->check(CLI::Range(1.0, 30.0 * 24 * 3600));
}

json::object why_and_when(const NodeOptions& options) {
  json::object body;
  if (!options.why.empty()) body["why"] = options.why;
  if (options.within_s) body["within_s"] = *options.within_s;
  return body;
}

void add_drain(CLI::App& app) {
  const auto options = std::make_shared<NodeOptions>();
  CLI::App* command = add(app, "drain", "Move all VMs off a node and keep it empty", *options);
  command->add_option("NODE", options->node, "The node's name")->required();
  add_why_and_when(*command, *options);
  add_wait_options(*command, options->wait);
  command->callback([options] {
    const Asked asked{
        .method = "POST", .target = target_of(*options, "/drain"), .body = why_and_when(*options)};
    ask_and_wait(*options, options->wait, asked, drain_goal(options->node));
  });
}

void add_undrain(CLI::App& app) {
  const auto options = std::make_shared<NodeOptions>();
  CLI::App* command = add(app, "undrain", "End a drain: the node takes VMs again", *options);
  command->add_option("NODE", options->node, "The node's name")->required();
  command->callback([options] {
    const auto answer = or_end(options->client().send("POST", target_of(*options, "/undrain"), {}),
                               options->format());
    if (options->json) return print_json(answer);
    std::cout << options->node << " takes VMs again\n";
  });
}

void add_handover(CLI::App& app) {
  const auto options = std::make_shared<NodeOptions>();
  add(app, "handover", "Watch the VMs of this host leave it, while it is told to go down", *options)
      ->callback([options] {
        const auto status = or_end(options->client().get("/v1/status"), options->format());
        const json::value* daemon = part_of(status, "daemon");
        watch(*options, handover_goal(daemon == nullptr ? "" : text_in(*daemon, "self")));
      });
}

void end_maintenance(const NodeOptions& options) {
  const auto answer = or_end(
      options.client().send("DELETE", target_of(options, "/maintenance"), {}), options.format());
  if (options.json) return print_json(answer);
  std::cout << options.node << " takes VMs again\n";
}

void add_maintenance(CLI::App& app) {
  const auto options = std::make_shared<NodeOptions>();
  CLI::App* command = add(app, "maintenance",
                          "Empty a node as far as there is room, also across reboots", *options);
  command->add_option("NODE", options->node, "The node's name")->required();
  command->add_option("on|off", options->on_or_off, "Begin it, or end it")
      ->required()
      ->check(CLI::IsMember({"on", "off"}));
  add_why_and_when(*command, *options);
  add_wait_options(*command, options->wait);
  command->callback([options] {
    if (options->on_or_off == "off") return end_maintenance(*options);
    const Asked asked{.method = "POST",
                      .target = target_of(*options, "/maintenance"),
                      .body = why_and_when(*options)};
    ask_and_wait(*options, options->wait, asked, maintenance_goal(options->node));
  });
}

void add_list(CLI::App& nodes) {
  const auto options = std::make_shared<NodeOptions>();
  add(nodes, "list", "List the nodes", *options)->callback([options] {
    if (options->json)
      return print_json(or_end(options->client().get("/v1/nodes"), options->format()));
    // The whole status: it holds the cluster's time, without which "since" says nothing.
    const auto status = or_end(options->client().get("/v1/status"), options->format());
    std::cout << nodes_text(status, colours_of_stdout());
  });
}

void print_node(const NodeOptions& options) {
  const Client client = options.client();
  const json::value status = or_end(client.get("/v1/status"), options.format());
  const json::value explanation =
      or_end(client.get("/v1/explain/nodes/" + percent_encode(options.node)), options.format());
  const json::value* node = named_in(list_in(status, "nodes"), options.node);
  const json::value only{{"cluster", status.at("cluster")},
                         {"nodes", node == nullptr ? json::array{} : json::array{*node}}};
  std::cout << nodes_text(only, colours_of_stdout()) << "\n";
  for (const json::value& sentence : list_in(explanation, "sentences"))
    std::cout << text_of(sentence) << "\n";
}

void add_show(CLI::App& nodes) {
  const auto options = std::make_shared<NodeOptions>();
  CLI::App* command = add(nodes, "show", "Show a node, and why it is as it is", *options);
  command->add_option("NODE", options->node, "The node's name")->required();
  command->callback([options] {
    if (!options->json) return print_node(*options);
    print_json(or_end(options->client().get(target_of(*options, "")), options->format()));
  });
}

/// Who is at the keyboard, as far as the system knows; sudo keeps the name.
std::string login_name() {
  for (const char* variable : {"SUDO_USER", "LOGNAME", "USER"})
    if (const char* name = std::getenv(variable); name != nullptr && *name != '\0') return name;
  const passwd* user = ::getpwuid(::getuid());
  return user == nullptr ? "" : user->pw_name;
}

void make_sure(const NodeOptions& options) {
  if (options.yes) return;
  const std::string risk = "if " + options.node + " still runs, its VMs may run twice";
  if (::isatty(STDIN_FILENO) != 1)
    end_with({.exit_status = exit_usage,
              .http_status = 0,
              .text = "will not take an unconfirmed word that " + options.node + " is off (" +
                      risk + "): add --yes"},
             options.format());
  std::cerr << "Is " << options.node << " off? You vouch for it: " << risk
            << ".\nType its name to confirm: ";
  std::string typed;
  std::getline(std::cin, typed);
  if (typed != options.node)
    end_with({.exit_status = exit_refused, .http_status = 0, .text = "nothing was confirmed"},
             options.format());
}

void add_confirm_off(CLI::App& nodes) {
  const auto options = std::make_shared<NodeOptions>();
  CLI::App* command = add(nodes, "confirm-off",
                          "Vouch that a lost node is off, where fencing cannot prove it", *options);
  command->add_option("NODE", options->node, "The node's name")->required();
  command->add_option("--who", options->who, "Who vouches; the login name if not given");
  command->add_flag("--yes", options->yes, "Do not ask back");
  command->callback([options] {
    const std::string who = options->who.empty() ? login_name() : options->who;
    make_sure(*options);
    const auto answer =
        or_end(options->client().send("POST", target_of(*options, "/confirm-off"),
                                      who.empty() ? json::object{} : json::object{{"who", who}}),
               options->format());
    if (options->json) return print_json(answer);
    std::cout << options->node << " counts as off, on the word of " << who << "\n";
  });
}

}  // namespace

void add_nodes(CLI::App& app) {
  add_drain(app);
  add_undrain(app);
  add_maintenance(app);
  add_handover(app);
  CLI::App* nodes = app.add_subcommand("node", "Look at nodes, vouch for them");
  nodes->require_subcommand(1);
  add_list(*nodes);
  add_show(*nodes);
  add_confirm_off(*nodes);
}

}  // namespace upbeat::cli
