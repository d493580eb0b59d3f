// SPDX-License-Identifier: Apache-2.0
// What this node is doing with its guests right now: starts, migrations, stops.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/duties.h"
#include "core/event.h"
#include "ports/clock.h"
#include "ports/hypervisor.h"

namespace upbeat {

/// How often a migration's progress is told.
inline constexpr std::chrono::milliseconds progress_interval{500};
/// So long after the hypervisor is back it has begun whatever it was asked for before it hung.
inline constexpr std::chrono::milliseconds doubt_interval{3'000};
/// Between two attempts to stop a guest while the hypervisor takes none.
inline constexpr std::chrono::milliseconds stop_interval{1'000};

/// Carries duties out, one at a time for each guest and each of them once: what comes of it is told
/// as an event. Belongs to the loop's thread.
class GuestWork {
 public:
  /// `tell` puts an event into the order; `changed` says that a guest's work is over and the
  /// inventory should be looked at.
  GuestWork(Hypervisor& hypervisor, Clock& clock, std::function<void(Event)> tell,
            std::function<void()> changed);

  void run(const RunHere& duty, NodeId self, const std::string& domain_xml);
  /// True if the hypervisor is asked only now: the migration begins.
  bool send(const SendAway& duty, NodeId self, const std::string& to_name);
  /// Ends a migration, also one that an earlier life of this daemon began.
  void call_off(const CallOff& duty, NodeId self, const std::string& to_name);
  void end(const EndHere& duty);
  /// What was told of these duties' ends was forgotten by the cluster, or is on its way: tells it
  /// once more.
  void tell_again(const std::vector<Duty>& duties);
  /// The order goes on behind `last`: what was carried out of another history counts no more.
  void forget_after(EventIndex last);
  /// Gives up migrations that are no duty any more.
  void keep_only(const std::vector<Duty>& duties);

  /// The guests with which something is being done, or still has to be begun among `duties`: what
  /// an inventory says of them may be untrue a moment later. Sorted.
  [[nodiscard]] std::vector<VmId> busy(const std::vector<Duty>& duties) const;
  /// The guests that are on their way out, and how much of each was copied in a second, as far as
  /// is known.
  [[nodiscard]] std::map<VmId, std::uint64_t> outgoing_kib_per_s() const;
  /// Of the guests on their way out the one that began first, as long as it needs no help; none:
  /// there is none, or it was to have been gone by now.
  [[nodiscard]] std::optional<VmId> first_on_its_way_out() const;
  /// Whether nothing is being done.
  [[nodiscard]] bool idle() const { return work_.empty(); }

 private:
  struct Work {
    EventIndex since;
    bool migration = false;
    std::uint64_t rate_kib_per_s = 0;
    bool cancelled = false;
    MoveStep wanted_step = MoveStep::live;
    MoveStep step = MoveStep::live;  ///< that the hypervisor has taken
    bool hastening = false;          ///< it is being asked
    Timer progress;
    bool failed = false;
    bool in_doubt = false;  ///< it failed, but the hypervisor did not answer or was still at it
    MonotonicTime doubt_ends{};
  };

  struct End {
    EventIndex since;
    Event told;
  };

  bool begin(const VmId& vm, EventIndex since, bool migration);
  void finish(const VmId& vm);
  void conclude(const VmId& vm, const Event& end);
  void watch_progress(const VmId& vm);
  void tell_failure(const VmId& vm, const Event& failure);
  void cancel(const VmId& vm);
  void hasten(const VmId& vm);
  [[nodiscard]] bool certain(Work& work, const Result<std::optional<MigrationProgress>>& now);

  Hypervisor& hypervisor_;
  Clock& clock_;
  std::function<void(Event)> tell_;
  std::function<void()> changed_;
  std::map<VmId, Work> work_;
  std::map<VmId, EventIndex> tried_;  ///< the newest decision carried out for each guest
  std::map<VmId, End> ends_;          ///< how that ended, where it was told
  std::map<VmId, Timer> again_;       ///< when to try anew to stop it, if that is still a duty
};

}  // namespace upbeat
