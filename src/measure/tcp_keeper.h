// SPDX-License-Identifier: Apache-2.0
// Keeps one TCP connection to each guest, as a user would, and tells whether it broke or stalled.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "measure/prober.h"
#include "measure/series.h"

namespace upbeat::measure {

inline constexpr std::uint16_t guest_echo_port = 7001;
inline constexpr std::chrono::milliseconds tcp_line_interval{100};
inline constexpr std::chrono::milliseconds tcp_connect_timeout{5000};
/// A connection with a line unanswered for this long counts as broken: people have given up.
inline constexpr std::chrono::seconds tcp_patience{30};

/// What became of one connection.
struct TcpFate {
  std::optional<std::string> broke;  ///< why; nothing while it lives
  Instant broke_at = never;
  /// The longest time from the sending of a line to its echo's arrival, or to now.
  std::chrono::nanoseconds longest_stall{0};
  Instant stall_began = never;
  std::uint64_t lines_sent = 0;
  std::uint64_t lines_echoed = 0;
};

/// Says a line to each guest each `tcp_line_interval` and checks what comes back, byte by byte.
/// A connection that broke is not made anew. All calls are thread safe; only start() waits.
class TcpKeepers {
 public:
  /// Connects to all targets, at most `tcp_connect_timeout` each; an error names the first that
  /// does not answer.
  [[nodiscard]] static Result<std::unique_ptr<TcpKeepers>> start(
      const std::vector<Target>& targets, const std::string& netns_path,
      std::uint16_t port = guest_echo_port);
  TcpKeepers(const TcpKeepers&) = delete;
  TcpKeepers& operator=(const TcpKeepers&) = delete;
  ~TcpKeepers();  ///< closes the connections

  /// In the order of the targets.
  [[nodiscard]] std::vector<TcpFate> fates() const;

 private:
  struct Work;
  explicit TcpKeepers(std::unique_ptr<Work> work);
  std::unique_ptr<Work> work_;
};

}  // namespace upbeat::measure
