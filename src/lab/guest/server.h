// SPDX-License-Identifier: Apache-2.0
// What a guest answers over the network: its status as lines, and echoes.
#pragma once

#include <functional>
#include <string>

namespace upbeat::guest {

constexpr int status_port = 7000;    ///< TCP: lines, each answered by a status line or an error
constexpr int echo_port = 7001;      ///< TCP: sends back what it gets
constexpr int datagram_port = 7002;  ///< UDP: sends back what it gets
constexpr std::size_t connection_limit = 64;

/// What is said to a line, without its end; on connecting to an empty one.
using Answer = std::function<std::string(const std::string& line)>;

/// Serves for ever on all addresses, in the calling thread. A connection beyond the limit is closed
/// at once. Returns only if a port cannot be had.
void serve(const Answer& answer);

}  // namespace upbeat::guest
