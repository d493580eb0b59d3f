// SPDX-License-Identifier: Apache-2.0
// The port for fencing: the power of other hosts, and proof that it is off.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace upbeat {

enum class PowerAction : std::uint8_t { status, off, on };
enum class PowerState : std::uint8_t { off, on };

/// What is known of a host's power, and who says so.
struct PowerAnswer {
  PowerState state = PowerState::on;
  std::string told_by;  ///< one line, for people: which device said what, and which did not answer

  bool operator==(PowerState other) const { return state == other; }
};

/// The bare state, where nobody asks who says so.
[[nodiscard]] inline Result<PowerState> bare(const Result<PowerAnswer>& answer) {
  if (!answer) return std::unexpected(answer.error());
  return answer->state;
}

/// How late an attempt may begin.
inline constexpr std::chrono::seconds fence_order_validity{5};

/// How often a device that does not answer is asked in all, when it is only probed.
inline constexpr int probe_attempts = 2;

/// What one device says of a node.
struct OutletSeen {
  std::string device;
  int level = 1;
  std::string plug;                           ///< its name for the node's outlet
  Result<PowerState> state = PowerState::on;  ///< or why there is no answer

  bool operator==(const OutletSeen&) const = default;
};

/// The power of other hosts, through the devices that the configuration names for each.
/// All calls belong to the loop's thread; none blocks.
class Fencer {
 public:
  Fencer() = default;
  Fencer(const Fencer&) = delete;
  Fencer& operator=(const Fencer&) = delete;
  virtual ~Fencer() = default;

  /// Asks the device of the node with this name, or switches it. Called back exactly once, on the
  /// loop's thread, with what the device says AFTER the action: after `off`, PowerState::off is the
  /// proof; anything that is not proof is an error. A host that was off already counts as proved.
  /// An answer always says who gave it.
  /// Retries and time-outs are the adapter's, from the configuration; a call always ends.
  /// An attempt that is due begins within `fence_order_validity` or not at all: a daemon that stood
  /// still meanwhile knows no longer whether the node came back.
  virtual void act(const std::string& node, PowerAction action,
                   std::function<void(Result<PowerAnswer>)> done) = 0;

  /// Asks EVERY device that has a plug for the node, of all levels, and switches nothing. Called
  /// back exactly once, on the loop's thread, with what each says; with nothing if there is none.
  /// It gives way: where `act` needs a device, a probe of it ends at once, with errors.
  virtual void probe(const std::string& node,
                     std::function<void(std::vector<OutletSeen>)> done) = 0;
};

}  // namespace upbeat
