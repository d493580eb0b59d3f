// SPDX-License-Identifier: Apache-2.0
// `upbeat drill`: what would fail on the day, told today.
#include "cli/drill_command.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <thread>

#include "cli/command.h"
#include "cli/drill_text.h"
#include "cli/exit_status.h"
#include "cli/fields.h"
#include "cli/progress_block.h"
#include "cli/rehearsal.h"

namespace upbeat::cli {
namespace {

namespace json = boost::json;
using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds look_interval{100};
/// A daemon gives each member a minute; one that has not come to an end after so long never will.
constexpr std::chrono::minutes drill_limit{70};

struct DrillOptions : ApiOptions {
  std::string drain;
  std::string watchdog;
  bool yes = false;
  std::optional<double> timeout_s;
};

/// The drill when it is over.
json::value look(const DrillOptions& options) {
  const Client client = options.client();
  or_end(client.send("POST", "/v1/drill", {}), options.format());
  ProgressBlock block;
  const bool draws = stdout_is_terminal() && !options.json;
  const auto end = SteadyClock::now() + drill_limit;
  while (SteadyClock::now() < end) {
    json::value drill = or_end(client.get("/v1/drill"), options.format());
    if (!is_true(drill, "running")) {
      if (draws) block.draw({}, terminal_width());
      return drill;
    }
    if (draws) block.draw(drill_progress(drill), terminal_width());
    std::this_thread::sleep_for(look_interval);
  }
  end_with({.exit_status = exit_timeout, .http_status = 0, .text = "the drill does not end"},
           options.format());
}

void drill(const DrillOptions& options) {
  const json::value found = look(options);
  if (options.json) {
    print_json(found);
  } else {
    std::cout << drill_text(found, colours_of_stdout()) << std::flush;
  }
  if (!list_in(found, "findings").empty()) throw CLI::RuntimeError(exit_refused);
}

void run(const DrillOptions& options) {
  const RehearsalOptions rehearsal{.yes = options.yes, .timeout_s = options.timeout_s};
  if (!options.drain.empty()) return rehearse_drain(options, rehearsal, options.drain);
  if (!options.watchdog.empty()) return rehearse_watchdog(options, rehearsal, options.watchdog);
  drill(options);
}

}  // namespace

void add_drill(CLI::App& app) {
  const auto options = std::make_shared<DrillOptions>();
  CLI::App* command = app.add_subcommand(
      "drill", "Test fencing, watchdogs, ways and room: what would fail on the day");
  add_api_options(*command, *options);
  auto* drain = command->add_option("--drain", options->drain,
                                    "Rehearse: empty this node, live, and bring its VMs back");
  command
      ->add_option("--watchdog", options->watchdog,
                   "Rehearse: empty this node, and let its watchdog reset its host")
      ->excludes(drain);
  command->add_flag("--yes", options->yes, "Do not ask back before a rehearsal");
  command
      ->add_option("--timeout", options->timeout_s,
                   "End a rehearsal after so many seconds, and take back what it asked for")
      ->check(CLI::Range(0.0, 1e9));
  command->callback([options] { run(*options); });
}

}  // namespace upbeat::cli
