// SPDX-License-Identifier: Apache-2.0
// Options and endings that commands share.
#include "cli/command.h"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>

namespace upbeat::cli {

void add_api_options(CLI::App& command, ApiOptions& options) {
  command.add_flag("--json", options.json, "Print JSON");
  command.add_option("--socket", options.socket, "The daemon's API socket")
      ->envname("UPBEAT_SOCKET")
      ->capture_default_str();
}

void end_with(const Failure& failure, Format format) {
  std::cout.flush();
  std::cerr << "upbeat: " << failure.text << "\n";
  if (format == Format::json) print_json(boost::json::object{{"error", failure.text}});
  throw CLI::RuntimeError(failure.exit_status);
}

void print_json(const boost::json::value& value) { std::cout << value << "\n" << std::flush; }

}  // namespace upbeat::cli
