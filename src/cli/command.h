// SPDX-License-Identifier: Apache-2.0
// What all commands that speak to the daemon share: their options, and how they end.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

#include "cli/client.h"

namespace CLI {
class App;
}

namespace upbeat::cli {

enum class Format : std::uint8_t { text, json };

struct ApiOptions {
  std::string socket = default_socket;
  bool json = false;

  [[nodiscard]] Client client() const { return Client(socket); }
  [[nodiscard]] Format format() const { return json ? Format::json : Format::text; }
};

/// Adds --json and --socket (UPBEAT_SOCKET) to `command`; `options` lives as long as it.
void add_api_options(CLI::App& command, ApiOptions& options);

/// Ends the command: says why, on standard error and with --json as {"error": …} on standard output
/// too, and throws CLI::RuntimeError with the failure's exit status.
[[noreturn]] void end_with(const Failure& failure, Format format);

/// The value, or end_with.
template <class T>
T or_end(Outcome<T> outcome, Format format) {
  if (!outcome) end_with(outcome.error(), format);
  return std::move(*outcome);
}

/// Prints one line of JSON.
void print_json(const boost::json::value& value);

}  // namespace upbeat::cli
