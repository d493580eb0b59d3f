// SPDX-License-Identifier: Apache-2.0
// What a lab is made of: the choices of `upbeat lab up`, kept in its manifest while it lives.
#pragma once

#include <string>

#include "base/result.h"

namespace upbeat::lab {

/// How guests are run. Found out by booting one, see accelerator.h.
enum class Accelerator : std::uint8_t { tcg, kvm };

/// Who in a guest answers ICMP echo requests. An emulated processor has to translate a guest's code
/// anew after each migration: its network stack takes it longer than all the rest of the blackout
/// (docs/decisions/0002-who-answers-probes.md).
enum class Echo : std::uint8_t { driver, stack };

/// Whether the nodes have Upbeat installed; without it they are a bare Corosync and libvirt
/// cluster.
enum class Software : std::uint8_t { upbeat, none };

/// Whether nodes that are lost are proved off by the power strip; without it only a watchdog, or an
/// operator, can.
enum class Fencing : std::uint8_t { strip, none };

/// How far the lab has come. Whatever is `starting` and locked by nobody was killed half way.
enum class Phase : std::uint8_t { starting, up };

/// Who has quorum when half of the nodes is gone.
enum class Tie : std::uint8_t {
  nobody_wins,  ///< a majority has it, and of two nodes also one (two_node, wait_for_all)
  arbiter,      ///< half of the nodes has it, too, if corosync-qnetd on the gateway says so
};

struct Shape {
  int nodes = 4;
  int machines = 0;  ///< of the nodes, the last ones are emulated machines and no containers
  int vms = 8;
  int token_ms = 1000;
  int node_memory_mib = 1024;
  int host_reserve_mib = 128;
  int vm_memory_mib = 256;
  Accelerator accelerator = Accelerator::tcg;
  int tsc_khz = 0;  ///< of the machine; 0: guests must not go by its time stamp counter
  Echo echo = Echo::driver;
  int supplies = 1;  ///< of each node; each hangs on a power strip of its own
  Tie tie = Tie::nobody_wins;
  Software software = Software::upbeat;
  Fencing fencing = Fencing::strip;
  int watchdog_s = 0;  ///< timeout_s of the nodes' watchdogs; 0: they have none
  Phase phase = Phase::starting;
};

/// Whether node `index` is an emulated machine.
[[nodiscard]] bool is_machine(const Shape& shape, int index);

/// The manifest as JSON, and back; an error names what does not fit.
[[nodiscard]] std::string to_json(const Shape& shape);
[[nodiscard]] Result<Shape> parse_shape(const std::string& json);

}  // namespace upbeat::lab
