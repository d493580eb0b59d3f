// SPDX-License-Identifier: Apache-2.0
// The program `upbeat`: one function per command group adds its commands; the one that the user
// named runs.
#include <CLI/CLI.hpp>

#include "cli/demo_commands.h"
#include "cli/lab_commands.h"
#include "cli/measure_commands.h"

int main(int argc, char** argv) {
  CLI::App app{"Upbeat keeps virtual machines up when the machines under them go down."};
  app.require_subcommand(1);
  app.set_version_flag("--version", UPBEAT_VERSION);
  upbeat::add_lab(app);
  upbeat::add_demo(app);
  upbeat::add_measure(app);
  CLI11_PARSE(app, argc, argv);
  return 0;
}
