// SPDX-License-Identifier: Apache-2.0
// The cluster engine on Corosync 3.
#pragma once

#include <memory>

#include "ports/engine.h"

namespace boost::asio {
class io_context;
}

namespace upbeat {

/// Speaks to the Corosync of this node (libcpg, libquorum, libcmap, libcfg; the process group is
/// "upbeat"). Where it is stopped on purpose, this leaves the group first, and looks for it again
/// only some seconds later.
///
/// All on the thread that runs `io`, but for the connecting, which a worker does because it blocks.
/// Views are made by ViewAssembler: see there for what an incarnation is. A member that lost its
/// Corosync and found it again has a new one. While Corosync is not there, `send` fails; messages
/// that wait when it goes are lost. Only one in a process.
class CorosyncEngine final : public Engine {
 public:
  /// `io` outlives the engine.
  explicit CorosyncEngine(boost::asio::io_context& io);
  CorosyncEngine(const CorosyncEngine&) = delete;
  CorosyncEngine& operator=(const CorosyncEngine&) = delete;
  /// Leaves the group at once: the others get a view without this node.
  ~CorosyncEngine() override;

  void start(EngineListener& listener) override;
  [[nodiscard]] Result<void> send(std::string bytes) override;
  [[nodiscard]] Result<NodeId> self() override;
  [[nodiscard]] Result<std::vector<ConfiguredNode>> configured_nodes() override;
  [[nodiscard]] Result<RingTiming> ring_timing() override;

 private:
  class Body;
  std::shared_ptr<Body> body_;
};

}  // namespace upbeat
