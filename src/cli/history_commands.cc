// SPDX-License-Identifier: Apache-2.0
// Commands about what happened, and why.
#include "cli/history_commands.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <iostream>
#include <memory>
#include <optional>

#include "api/routes.h"
#include "api/target.h"
#include "cli/command.h"
#include "cli/exit_status.h"
#include "cli/fields.h"
#include "cli/terminal.h"

namespace upbeat::cli {
namespace {

namespace json = boost::json;

/// Past lines that --follow begins with.
constexpr std::uint64_t follow_default = 10;
constexpr std::chrono::hours follow_patience{24 * 365};

struct EventOptions : ApiOptions {
  bool follow = false;
  std::string subject;
  std::optional<std::uint64_t> after;
  std::optional<std::uint64_t> limit;
};

std::string query_of(const EventOptions& options) {
  std::string query;
  if (options.after) query += "&after=" + std::to_string(*options.after);
  if (options.limit) query += "&limit=" + std::to_string(*options.limit);
  if (!options.subject.empty()) query += "&subject=" + percent_encode(options.subject);
  return query;
}

void print_line(const json::value& line, std::size_t subject_width) {
  std::string subject = text_in(line, "subject");
  subject.resize(std::max(subject.size(), subject_width), ' ');
  std::cout << wall_text(number_in(line, "wall_ms")) << "  " << subject << "  "
            << text_in(line, "text") << "\n";
}

void print_past(const EventOptions& options) {
  std::string query = query_of(options);
  if (!query.empty()) query.front() = '?';
  const json::value answer = or_end(options.client().get("/v1/events" + query), options.format());
  if (options.json) return print_json(answer);
  std::size_t width = 0;
  for (const json::value& line : list_in(answer, "events"))
    width = std::max(width, text_in(line, "subject").size());
  for (const json::value& line : list_in(answer, "events")) print_line(line, width);
}

void follow(EventOptions options) {
  if (!options.after && !options.limit) options.limit = follow_default;
  EventStream stream = or_end(options.client().follow(query_of(options)), options.format());
  std::size_t width = 0;
  while (true) {
    const Wake wake = stream.wait(std::chrono::steady_clock::now() + follow_patience);
    for (const json::value& line : stream.take()) {
      width = std::max(width, text_in(line, "subject").size());
      if (const std::string error = text_in(line, "error"); !error.empty())
        end_with({.exit_status = exit_refused, .http_status = 0, .text = error}, options.format());
      if (options.json) {
        print_json(line);
      } else {
        print_line(line, width);
      }
    }
    std::cout.flush();
    if (wake == Wake::interrupted) throw CLI::RuntimeError(exit_interrupted);
    if (wake == Wake::ended)
      end_with({.exit_status = exit_unreachable,
                .http_status = 0,
                .text = "the connection to upbeatd broke off; see `journalctl -u upbeatd`"},
               options.format());
  }
}

void print_sentences(const std::string& heading, const json::value& explanation) {
  if (!heading.empty()) std::cout << heading << "\n";
  for (const json::value& sentence : list_in(explanation, "sentences"))
    std::cout << text_of(sentence) << "\n";
}

/// A name may be a VM's, a node's, or both.
void explain(const ApiOptions& options, const std::string& name) {
  const Client client = options.client();
  const auto vm = client.get("/v1/explain/vms/" + percent_encode(name));
  if (!vm && vm.error().http_status != 404) end_with(vm.error(), options.format());
  const auto node = client.get("/v1/explain/nodes/" + percent_encode(name));
  if (!node && node.error().http_status != 404) end_with(node.error(), options.format());
  if (!vm && !node)
    end_with({.exit_status = exit_refused,
              .http_status = 404,
              .text = "cannot explain '" + name +
                      "': there is no VM and no node of that name; `upbeat status` shows those "
                      "there are"},
             options.format());
  const bool both = vm && node;
  if (options.json)
    return print_json(json::object{{"vm", vm ? *vm : json::value(nullptr)},
                                   {"node", node ? *node : json::value(nullptr)}});
  if (vm) print_sentences(both ? "The VM " + name + ":" : "", *vm);
  if (node) print_sentences(both ? "The node " + name + ":" : "", *node);
}

}  // namespace

void add_events(CLI::App& app) {
  CLI::App* command = app.add_subcommand("events", "Show what happened");
  const auto options = std::make_shared<EventOptions>();
  add_api_options(*command, *options);
  command->add_flag("--follow", options->follow, "Go on with what is to come, until Ctrl-C");
  command->add_option("--subject", options->subject, "Only about this VM or node, or `cluster`");
  command->add_option("--after", options->after, "Only after the event with this index");
  command->add_option("--limit", options->limit, "At most so many past lines")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{events_limit}));
  command->callback([options] {
    if (options->follow) return follow(*options);
    print_past(*options);
  });
}

void add_explain(CLI::App& app) {
  CLI::App* command = app.add_subcommand("explain", "Say why a VM or node is as it is");
  const auto options = std::make_shared<ApiOptions>();
  const auto name = std::make_shared<std::string>();
  add_api_options(*command, *options);
  command->add_option("NAME", *name, "A VM's or a node's name")->required();
  command->callback([options, name] { explain(*options, *name); });
}

}  // namespace upbeat::cli
