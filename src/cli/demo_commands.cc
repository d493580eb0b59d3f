// SPDX-License-Identifier: Apache-2.0
// Arguments of the demo.
#include "cli/demo_commands.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "cli/lab_commands.h"
#include "lab/demo.h"

namespace upbeat::cli {

void add_demo(CLI::App& app) {
  auto* command = app.get_subcommand("lab")->add_subcommand(
      "demo", "Bring a cluster up, reboot a node, cut another one's power, and measure both");
  auto options = std::make_shared<lab::DemoOptions>();
  command->add_option("--name", options->lab, "the lab's name")->capture_default_str();
  command->add_option("--json", options->json, "write the figures to this file, too");
  command->add_option("--deb", options->deb, "the package to install in the nodes");
  add_echo_option(*command, options->echo);
  auto keep = std::make_shared<bool>(false);
  command->add_flag("--keep", *keep, "leave the lab running");
  command->callback([options, keep] {
    if (*keep) options->afterwards = lab::Afterwards::keep;
    const auto verdict = lab::run_demo(*options);
    if (!verdict) std::cerr << "upbeat: " << verdict.error().text << "\n";
    if (!verdict || *verdict == lab::Verdict::failed) throw CLI::RuntimeError(1);
  });
}

}  // namespace upbeat::cli
