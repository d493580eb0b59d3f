// SPDX-License-Identifier: Apache-2.0
// A TCP connection out of another network namespace, made within a time limit.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace upbeat::measure {

/// Connects to an IPv4 address from the namespace `netns_path` (see socket_in()). The socket is
/// non-blocking and sends small pieces at once (TCP_NODELAY). Blocks for up to `timeout`.
[[nodiscard]] Result<Fd> connect_in(const std::string& netns_path, const std::string& address,
                                    std::uint16_t port, std::chrono::milliseconds timeout);

}  // namespace upbeat::measure
