// SPDX-License-Identifier: Apache-2.0
// How long a migration may make its guest stand still, the longer it takes.
#pragma once

#include <array>
#include <chrono>

namespace upbeat {

/// How long a guest may stand still at the end of its migration, by how long that goes on already.
struct PauseStep {
  std::chrono::seconds after;
  std::chrono::milliseconds limit;
};
/// QEMU's own limit of 300 ms is what users notice; most guests do with far less.
inline constexpr std::array<PauseStep, 3> pause_steps{
    {{std::chrono::seconds(0), std::chrono::milliseconds(40)},
     {std::chrono::seconds(5), std::chrono::milliseconds(300)},
     {std::chrono::seconds(20), std::chrono::milliseconds(1000)}}};

}  // namespace upbeat
