// SPDX-License-Identifier: Apache-2.0
// The demo: a cluster loses a node that is told to go and one that dies, and what that costs.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "lab/shape.h"

namespace upbeat::lab {

/// Whether the lab outlives the demo.
enum class Afterwards : std::uint8_t { down, keep };

struct DemoOptions {
  std::string lab = "demo";
  std::filesystem::path json;  ///< the figures go there too; empty: nowhere
  std::filesystem::path deb;   ///< the package to install in the nodes; empty: the built one
  Echo echo = Echo::driver;    ///< who answers the probes in the guests
  Afterwards afterwards = Afterwards::down;
};

/// Whether everything was as it must be in kind; a promise that was missed is told, not failed.
enum class Verdict : std::uint8_t { passed, failed };

/// Brings the lab up, strikes twice, prints the tables to standard output and what is going on to
/// standard error, takes the lab down. An error if it could not be carried out; the lab is taken
/// down then as well. Wants root. Blocks for some minutes; SIGINT ends it in good order.
[[nodiscard]] Result<Verdict> run_demo(const DemoOptions& options);

}  // namespace upbeat::lab
