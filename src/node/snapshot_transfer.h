// SPDX-License-Identifier: Apache-2.0
// A state too large for one message, cut into chunks and put together again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "wire/wire.h"

namespace upbeat {

/// Cuts a state into chunks for the view; an error if it is too large.
[[nodiscard]] Result<std::vector<SnapshotChunk>> cut(const std::string& snapshot,
                                                     std::uint64_t view_key);

/// Collects the chunks of one view.
class SnapshotTransfer {
 public:
  /// Forgets what has come so far and waits for the chunks of this view.
  void expect(std::uint64_t view_key);
  /// Takes a chunk; the whole when it was the last. Chunks of other views or of
  /// another whole, out of order or above the limit are dropped.
  [[nodiscard]] std::optional<std::string> add(const SnapshotChunk& chunk);

 private:
  std::uint64_t view_key_ = 0;
  std::uint32_t next_ = 0;
  std::uint32_t parts_ = 0;  ///< as the first chunk says
  std::string bytes_;
};

}  // namespace upbeat
