// SPDX-License-Identifier: Apache-2.0
// The cluster at a glance.
#include "cli/status_command.h"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>
#include <memory>

#include "cli/command.h"
#include "cli/tables.h"

namespace upbeat::cli {

void add_status(CLI::App& app) {
  CLI::App* command = app.add_subcommand("status", "Show the cluster, its nodes and its VMs");
  const auto options = std::make_shared<ApiOptions>();
  add_api_options(*command, *options);
  command->callback([options] {
    const auto status = or_end(options->client().get("/v1/status"), options->format());
    if (options->json) return print_json(status);
    std::cout << status_text(status, colours_of_stdout());
  });
}

}  // namespace upbeat::cli
