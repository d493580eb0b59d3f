// SPDX-License-Identifier: Apache-2.0
// Answers ICMP echo requests (RFC 792) in the guest's network driver, by XDP.
#pragma once

namespace upbeat::guest {

/// From now on and until the calling process ends an unfragmented IPv4 echo request to this guest's
/// own MAC address goes back from this network interface where it came from, as an echo reply;
/// everything else goes on to the kernel's network stack. False, with errno, if the kernel refuses;
/// its stack then goes on answering.
[[nodiscard]] bool start_driver_echo(const char* interface);

}  // namespace upbeat::guest
