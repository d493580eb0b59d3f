// SPDX-License-Identifier: Apache-2.0
// The two strikes of the demo, each with what was measured around it.
#pragma once

#include <string>
#include <vector>

#include "lab/demo_report.h"
#include "lab/demo_stage.h"
#include "lab/demo_world.h"
#include "measure/prober.h"
#include "measure/tcp_keeper.h"

namespace upbeat::lab {

/// What watches all the while.
struct Watchers {
  const measure::Prober& prober;
  const measure::TcpKeepers& connections;
  const WorldWatch& world;
};

/// Types `systemctl reboot` in `node`, waits until its guests are elsewhere, until it is back, and
/// until each moved guest has checked all of its buffer anew. `wrongs` grows by what must not be.
[[nodiscard]] Graceful reboot_node(const Stage& stage, const Watchers& watchers,
                                   const std::string& node, std::vector<std::string>& wrongs);

/// Cuts the power of `node` without telling anybody, waits until its guests answer again, switches
/// it on, and waits until it is back.
[[nodiscard]] PowerCut cut_power(const Stage& stage, const Watchers& watchers,
                                 const std::string& node, std::vector<std::string>& wrongs);

}  // namespace upbeat::lab
