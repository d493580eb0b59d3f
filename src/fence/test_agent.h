// SPDX-License-Identifier: Apache-2.0
// A small real fence agent for tests: a shell script whose outlets are files.
#pragma once

#include <string>

#include "fence/fence_device.h"
#include "ports/fencer.h"

namespace upbeat {

/// A folder of its own with the agent and its outlets, removed at the end.
///
/// Options of the agent: `ip` is the folder; `password` and any other are taken and not used. The
/// agent lists what the file `list` holds, if it is there, and writes what it was given to the file
/// `seen` (standard input, command line, environment).
class TestAgent {
 public:
  TestAgent();
  TestAgent(const TestAgent&) = delete;
  TestAgent& operator=(const TestAgent&) = delete;
  ~TestAgent();

  /// A device that has the agent and this one plug for the node.
  [[nodiscard]] FenceDevice device(const std::string& node, const std::string& plug) const;
  void set(const std::string& plug, PowerState state) const;
  [[nodiscard]] PowerState state(const std::string& plug) const;
  /// Breaks a plug for so many runs of the agent: "unreachable", "lying" (only `off` and `on` are
  /// counted), "garbage", "slow", "usage" (exit status 2 as for wrong arguments), "nothing".
  void break_plug(const std::string& plug, const std::string& fault, int runs = 1000) const;
  void write(const std::string& file, const std::string& text) const;
  [[nodiscard]] std::string read(const std::string& file) const;

  std::string directory;
};

}  // namespace upbeat
