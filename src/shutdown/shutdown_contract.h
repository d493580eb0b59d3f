// SPDX-License-Identifier: Apache-2.0
// The contract of a shutdown source, for whoever has a world to run it in.
#pragma once

#include <functional>
#include <memory>

#include "ports/shutdown_source.h"

namespace upbeat {

/// A host whose shutdowns come to nothing once they are let go: its target cannot be started. So
/// the contract can shut it down again and again.
class ShutdownWorld {
 public:
  ShutdownWorld() = default;
  ShutdownWorld(const ShutdownWorld&) = delete;
  ShutdownWorld& operator=(const ShutdownWorld&) = delete;
  virtual ~ShutdownWorld() = default;

  virtual std::unique_ptr<ShutdownSource> make_source() = 0;
  /// Somebody types `systemctl reboot`.
  virtual void ask_for_reboot() = 0;
  /// Whether a shutdown is announced and has not gone on.
  virtual bool under_way() = 0;
  virtual void run_until(const std::function<bool()>& ready) = 0;
  /// Long enough for a shutdown that nobody holds to go on.
  virtual void run_a_while() = 0;
};

/// Defined once for each program that runs the contract.
std::unique_ptr<ShutdownWorld> make_shutdown_world();

}  // namespace upbeat
