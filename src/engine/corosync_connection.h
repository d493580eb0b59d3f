// SPDX-License-Identifier: Apache-2.0
// One connection to the local Corosync: process group, quorum service and configuration.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/view_assembler.h"
#include "ports/engine.h"

namespace upbeat {

/// What a CorosyncConnection tells, from within `dispatch`.
class CorosyncEvents {
 public:
  virtual ~CorosyncEvents() = default;
  virtual void on_group(GroupChange change) = 0;
  virtual void on_ring(RingId ring) = 0;
  virtual void on_bytes(ProcessId from, std::string_view bytes) = 0;
  virtual void on_quorum(QuorumNotice notice) = 0;
  /// Somebody stops Corosync here (`systemctl stop`), and it waits for `allow_stop`, some seconds.
  virtual void on_stopping() = 0;
};

struct CorosyncHandles;

/// Things that one call of `dispatch` tells at most, so that a flood leaves room for others.
inline constexpr int dispatch_limit = 64;

/// Owns the handles of libcpg, libquorum, libcmap and libcfg; closes them. Used by one thread at a
/// time.
class CorosyncConnection {
 public:
  /// Connects, starts to track the quorum and joins the process group. Blocks for a few
  /// milliseconds (longer when Corosync hangs): for a worker. Nothing is told before `dispatch`.
  [[nodiscard]] static Result<std::unique_ptr<CorosyncConnection>> open();

  CorosyncConnection(const CorosyncConnection&) = delete;
  CorosyncConnection& operator=(const CorosyncConnection&) = delete;
  ~CorosyncConnection();

  [[nodiscard]] NodeId self() const;
  /// The configured nodes, sorted by id, as last told.
  [[nodiscard]] Result<std::vector<ConfiguredNode>> configured_nodes() const;
  /// As last told.
  [[nodiscard]] Result<RingTiming> ring_timing() const;

  /// The streams of a connection, each with a file descriptor that turns readable.
  enum class Stream { group, quorum, configuration, service };
  [[nodiscard]] int fd(Stream stream) const;

  enum class More { no, maybe };
  /// Tells what has come, at most `dispatch_limit` things. An error: the connection is dead.
  [[nodiscard]] Result<More> dispatch(Stream stream, CorosyncEvents& events);

  /// Leaves the process group: the others are told before anything that comes after this.
  void leave();
  /// Corosync may stop.
  void allow_stop();

  enum class Sent { yes, later };
  /// Sends `head` and `body` as one message; `later`: Corosync takes no more just now.
  [[nodiscard]] Result<Sent> send(std::string_view head, std::string_view body);

 private:
  explicit CorosyncConnection(std::unique_ptr<CorosyncHandles> handles);

  std::unique_ptr<CorosyncHandles> handles_;
};

}  // namespace upbeat
