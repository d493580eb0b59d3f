// SPDX-License-Identifier: Apache-2.0
// Answers ICMP echo requests (RFC 792) in the guest's network driver, by XDP.
#pragma once

#include <linux/bpf.h>

#include <span>

namespace upbeat::guest {

/// The program: an unfragmented IPv4 echo request to this guest's own MAC address goes back where
/// it came from, as an echo reply; everything else goes on to the kernel's network stack.
[[nodiscard]] std::span<const bpf_insn> driver_echo_program();

/// Attaches the program to a network interface until the calling process ends. False, with errno,
/// if the kernel refuses; the kernel then goes on answering by itself.
[[nodiscard]] bool start_driver_echo(const char* interface);

}  // namespace upbeat::guest
