// SPDX-License-Identifier: Apache-2.0
// Asks the cluster for something and stays until it is done, showing how far it is.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>

#include "cli/command.h"
#include "cli/goal.h"

namespace CLI {
class App;
}

namespace upbeat::cli {

struct WaitOptions {
  bool no_wait = false;
  std::optional<double> timeout_s;
};

/// Adds --no-wait and --timeout to `command`; `options` lives as long as it.
void add_wait_options(CLI::App& command, WaitOptions& options);

/// A request that changes something.
struct Asked {
  std::string method;
  std::string target;
  boost::json::object body = {};
};

/// Sends the request and waits for `goal`. On a terminal it draws a block with a line for each VM;
/// elsewhere it prints a line when something happens; with --json only the result: {"done": …,
/// "text": …, "waited_ms": …}, or with --no-wait the API's answer. Ends by CLI::RuntimeError unless
/// the goal is reached.
void ask_and_wait(const ApiOptions& api, const WaitOptions& options, const Asked& asked,
                  const Goal& goal);

/// Waits for `goal` likewise, and asks for nothing.
void watch(const ApiOptions& api, const Goal& goal);

}  // namespace upbeat::cli
