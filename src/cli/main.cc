// SPDX-License-Identifier: Apache-2.0
// The program `upbeat`: one function per command group adds its commands; the one that the user
// named runs.
#include <CLI/CLI.hpp>

#include "cli/demo_commands.h"
#include "cli/drill_command.h"
#include "cli/exit_status.h"
#include "cli/history_commands.h"
#include "cli/lab_commands.h"
#include "cli/measure_commands.h"
#include "cli/node_commands.h"
#include "cli/policy_commands.h"
#include "cli/rule_commands.h"
#include "cli/simulate_command.h"
#include "cli/status_command.h"
#include "cli/vm_commands.h"

int main(int argc, char** argv) {
  CLI::App app{"Upbeat keeps virtual machines up when the machines under them go down."};
  app.require_subcommand(1);
  app.set_version_flag("--version", UPBEAT_VERSION);
  upbeat::cli::add_status(app);
  upbeat::cli::add_nodes(app);
  upbeat::cli::add_vms(app);
  upbeat::cli::add_rules(app);
  upbeat::cli::add_policy(app);
  upbeat::cli::add_events(app);
  upbeat::cli::add_explain(app);
  upbeat::cli::add_simulate(app);
  upbeat::cli::add_drill(app);
  upbeat::cli::add_measure(app);
  upbeat::add_lab(app);
  upbeat::cli::add_demo(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::RuntimeError& ended) {
    return ended.get_exit_code();  // the command has said why
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? upbeat::cli::exit_done : upbeat::cli::exit_usage;
  }
  return upbeat::cli::exit_done;
}
