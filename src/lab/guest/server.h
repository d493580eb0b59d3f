// SPDX-License-Identifier: Apache-2.0
// What a guest answers over the network: its status as lines, and echoes.
#pragma once

#include <functional>
#include <string>

namespace upbeat::guest {

constexpr int status_port = 7000;  ///< TCP: a status line on connecting and for each `status` line
constexpr int echo_port = 7001;    ///< TCP: sends back what it gets
constexpr int datagram_port = 7002;  ///< UDP: sends back what it gets
constexpr std::size_t connection_limit = 64;

/// Serves for ever on all addresses, in the calling thread; `status` gives a line without its end.
/// A connection beyond the limit is closed at once. Returns only if a port cannot be had.
void serve(const std::function<std::string()>& status);

}  // namespace upbeat::guest
