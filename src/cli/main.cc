// SPDX-License-Identifier: Apache-2.0
// The program `upbeat`: one function per command group adds its commands; the one that the user named
// runs.
#include <CLI/CLI.hpp>

#include "cli/lab_commands.h"

int main(int argc, char** argv) {
  CLI::App app{"Upbeat keeps virtual machines up when the machines under them go down."};
  app.require_subcommand(1);
  app.set_version_flag("--version", UPBEAT_VERSION);
  upbeat::add_lab(app);
  CLI11_PARSE(app, argc, argv);
  return 0;
}
