// SPDX-License-Identifier: Apache-2.0
// Asks for or switches a node's power through all its devices: attempts, levels, and what is proof.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "fence/fence_device.h"
#include "ports/fencer.h"

namespace upbeat {

/// Between two rounds of attempts.
inline constexpr std::chrono::milliseconds fence_retry_pause{500};
/// What each run of an agent may take before the next level is tried; it gets its whole time later.
inline constexpr std::chrono::milliseconds fence_first_patience{5'000};

/// Does what Fencer::act promises, through those of `devices` that have a plug for the node.
///
/// `off` and `on` are always followed by `status`, and only that is the result: an agent that says
/// "done" about a node whose status is still on has proved nothing. `off` holds when all outlets of
/// one level are. `on` tries all levels, the highest first: a device of a lower level may have
/// its own power from it.
///
/// One that does not answer holds up no other: `off` and `status` go through all levels once before
/// anything is tried again, and in this first round an agent gets no more than
/// `fence_first_patience` where another level comes behind. Blocks, at most for each outlet
/// (1 + retries) x (2 x timeout + pause); ends early when `stop_fd` turns readable.
[[nodiscard]] Result<PowerAnswer> act_on_node(const std::vector<FenceDevice>& devices,
                                              const std::string& node, PowerAction action,
                                              int stop_fd);

/// A probe that fails and took longer is of a device that does not answer at all.
inline constexpr std::chrono::seconds silence{3};

/// Devices that did not answer at all, and when: a probe that waited for one meanwhile need not ask
/// it for another node. Thread safe.
class SilentDevices {
 public:
  using Time = std::chrono::steady_clock::time_point;

  void note(const std::string& device, const Error& why);
  /// Why the device does not answer, if that came out after `asked`.
  [[nodiscard]] std::optional<Error> since(const std::string& device, Time asked) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::pair<Time, Error>> noted_;
};

/// A probe of a node.
struct Probe {
  std::string node;
  SilentDevices::Time asked = std::chrono::steady_clock::now();
  int stop_fd = -1;
};

/// Does what Fencer::probe promises. Blocks, at most for each device `probe_attempts` x (2 x
/// timeout + pause), and (2 x timeout) if it does not answer at all; ends early when `stop_fd`
/// turns readable.
[[nodiscard]] std::vector<OutletSeen> probe_node(const std::vector<FenceDevice>& devices,
                                                 const Probe& probe, SilentDevices& silent);

}  // namespace upbeat
