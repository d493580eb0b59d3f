// SPDX-License-Identifier: Apache-2.0
// What the local Corosync's configuration says (libcmap), as it changes.
#pragma once

#include <corosync/cmap.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ports/engine.h"

namespace upbeat {

/// Owns a handle of libcmap that tracks the nodes and the ring's times. Used by one thread at a
/// time; stays where it is, since libcmap knows its address.
class CorosyncConfiguration {
 public:
  CorosyncConfiguration() = default;
  CorosyncConfiguration(const CorosyncConfiguration&) = delete;
  CorosyncConfiguration& operator=(const CorosyncConfiguration&) = delete;
  ~CorosyncConfiguration();

  /// Connects, reads, and tracks from then on. Once. Blocks for a few milliseconds.
  [[nodiscard]] cs_error_t open();
  [[nodiscard]] int fd() const;
  /// Takes one change in, if there is one; `told` becomes true if there was.
  [[nodiscard]] cs_error_t dispatch_one(bool& told);

  /// The configured nodes, sorted by id, as last told.
  [[nodiscard]] Result<std::vector<ConfiguredNode>> nodes() const;
  /// As last told.
  [[nodiscard]] Result<RingTiming> ring_timing() const;

 private:
  struct Node {
    std::optional<std::uint32_t> id;
    std::string name;
    std::string address;
  };

  static void on_node(cmap_handle_t handle, cmap_track_handle_t track, std::int32_t event,
                      const char* key, cmap_notify_value now, cmap_notify_value before,
                      void* user_data);
  static void on_timing(cmap_handle_t handle, cmap_track_handle_t track, std::int32_t event,
                        const char* key, cmap_notify_value now, cmap_notify_value before,
                        void* user_data);
  cs_error_t track_timing();
  void note(std::string_view key, cmap_value_types_t type, std::string_view value);
  std::optional<std::uint32_t>& timing(std::string_view key);

  cmap_handle_t cmap_ = 0;
  bool open_ = false;
  bool told_ = false;          // something, in this dispatch
  std::map<int, Node> nodes_;  // by its place in corosync.conf
  std::optional<std::uint32_t> token_ms_;
  std::optional<std::uint32_t> consensus_ms_;
};

}  // namespace upbeat
