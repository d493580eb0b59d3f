// SPDX-License-Identifier: Apache-2.0
// Arguments of the demo.
#include "cli/demo_commands.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "lab/demo.h"

namespace upbeat {

void add_demo_command(CLI::App& parent, int& exit_status) {
  auto* command = parent.add_subcommand(
      "demo", "Bring a cluster up, reboot a node, cut another one's power, and measure both");
  auto options = std::make_shared<lab::DemoOptions>();
  command->add_option("--name", options->lab, "the lab's name")->capture_default_str();
  command->add_option("--json", options->json, "write the figures to this file, too");
  command->add_option("--deb", options->deb, "the package to install in the nodes");
  auto* keep = command->add_flag("--keep", "leave the lab running");
  command->callback([options, keep, &exit_status] {
    if (keep->count() > 0) options->afterwards = lab::Afterwards::keep;
    const auto verdict = lab::run_demo(*options);
    if (!verdict) std::cerr << "upbeat: " << verdict.error().text << "\n";
    exit_status = verdict && *verdict == lab::Verdict::passed ? 0 : 1;
  });
}

}  // namespace upbeat
