// SPDX-License-Identifier: Apache-2.0
// Sockets in another network namespace, without leaving one's own.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace upbeat::measure {

/// A socket as socket(2) makes it (with SOCK_CLOEXEC), in the network namespace whose file `path`
/// names (/run/netns/NAME, /proc/PID/ns/net); in this thread's own if `path` is empty. A socket
/// stays in the namespace in which it was made, so it can be used from any thread. Wants root.
[[nodiscard]] Result<Fd> socket_in(const std::string& path, int domain, int type, int protocol);

}  // namespace upbeat::measure
