// SPDX-License-Identifier: Apache-2.0
// Says whether a guest was ever executed by two QEMU processes at once, from samples of what the
// machine's process table shows. Pure: no clock, no /proc.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "lab/world.h"

namespace upbeat::lab {

/// A QEMU process as one sample saw it.
struct QemuSeen {
  std::string vm;
  std::string node;
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;  ///< tells a process from a later one with the same pid
  Origin origin = Origin::booted;
  /// What its guest's processors have executed so far: the time on a CPU of its vCPU threads. A
  /// paused guest's does not grow.
  std::chrono::nanoseconds guest_cpu{0};
  /// When that was read: some moment from `read_from` to `read_to`. On a busy machine the processes
  /// of one sample may be read far apart.
  std::chrono::steady_clock::time_point read_from;
  std::chrono::steady_clock::time_point read_to;
  bool operator==(const QemuSeen&) const = default;
};

/// Evidence that a guest was started twice.
struct Twice {
  std::string vm;
  std::string what;  ///< a sentence for people
  bool operator==(const Twice&) const = default;
};

/// A guest counts as executed between two readings, not necessarily neighbours, when its processors
/// have used this much time between them. QEMU itself works in these threads for less than 1 ms
/// when it sets up and takes down, the kernel may charge the last 4 ms late (a tick), and an idle
/// guest that is probed 200 times a second uses some 5 ms in 100.
inline constexpr std::chrono::milliseconds executing_at_least{5};
/// A source that has sent its guest away ends soon; one that stays this long beside a target that
/// runs cannot be told from a second guest, and counts as one.
inline constexpr std::chrono::seconds handover_limit{10};

/// Takes the samples in the order of time. Counts as started twice, once for each pair of
/// processes:
/// * a guest is booted while another process of the same guest lives;
/// * each of two processes executes the guest after the other one did (in a live migration only the
///   target executes it after the source did);
/// * two processes that have both executed it live side by side longer than `handover_limit`.
/// An overlap shorter than a sampling interval is not seen; the guest's own evidence (its boot id,
/// answers that come twice) stands beside this.
class RunJudge {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  void sample(const std::vector<QemuSeen>& seen);

  [[nodiscard]] const std::vector<Twice>& twice() const { return twice_; }
  /// The processes of the last sample.
  [[nodiscard]] const std::vector<QemuSeen>& now() const { return last_; }
  /// All processes ever seen, as they were seen last.
  [[nodiscard]] std::vector<QemuSeen> ever() const;

 private:
  using Key = std::pair<pid_t, std::uint64_t>;
  struct Life {
    QemuSeen seen;
    QemuSeen mark;  ///< the reading when it was last known to have executed, or the first one
    Instant first_executed = Instant::max();  ///< it has executed the guest before this moment
    Instant last_executed = Instant::min();   ///< and after this one
  };
  void judge_boot(const QemuSeen& booted, const std::vector<QemuSeen>& seen);
  void judge_pair(const Life& one, const Life& other);
  void accuse(const QemuSeen& one, const QemuSeen& other, const std::string& how);

  std::map<Key, Life> lives_;
  std::map<std::pair<Key, Key>, bool> accused_;
  std::vector<QemuSeen> last_;
  std::vector<Twice> twice_;
};

}  // namespace upbeat::lab
