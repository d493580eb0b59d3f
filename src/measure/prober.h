// SPDX-License-Identifier: Apache-2.0
// Probes many guests at once by ICMP echo (RFC 792), many times a second, from where their users
// are: another network namespace.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "measure/series.h"

namespace upbeat::measure {

struct Target {
  std::string name;
  std::string address;  ///< IPv4, in dots
};

struct ProberOptions {
  int rate_per_s = 200;    ///< for each target
  std::string netns_path;  ///< see socket_in(); empty: this thread's own namespace
};

inline constexpr int probe_rate_limit_per_s = 1000;
inline constexpr std::size_t target_limit = 256;
/// For each target; then the prober goes on answering for nothing new. Eleven hours at 200/s.
inline constexpr std::size_t probe_limit = 8'000'000;

/// Probes all its targets from one thread, from start() to stop(). The targets' turns are spread
/// over the interval; each turn has its absolute time, so nothing drifts. A turn that comes more
/// than an interval late is left out instead of made up for: the series then shows the gap, and
/// Summary::resolution tells. The thread asks for the lowest real-time priority, and does without
/// where it may not. All calls are thread safe; none waits for the network.
class Prober {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Prober>> start(std::vector<Target> targets,
                                                             const ProberOptions& options);
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;
  ~Prober();  ///< stops

  /// Sends nothing more; what was gathered stays readable.
  void stop();

  [[nodiscard]] const std::vector<Target>& targets() const;
  /// A copy of what is known now of one target, beginning with the first probe sent at `from`.
  [[nodiscard]] Series series(std::size_t target, Instant from = Instant::min()) const;
  /// When a target last answered; nothing if it never did.
  [[nodiscard]] std::optional<Instant> last_answer(std::size_t target) const;
  /// The processor time that the probing thread has used.
  [[nodiscard]] std::chrono::nanoseconds cpu_time() const;

 private:
  struct Work;
  explicit Prober(std::unique_ptr<Work> work);
  std::unique_ptr<Work> work_;
};

}  // namespace upbeat::measure
