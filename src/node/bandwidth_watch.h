// SPDX-License-Identifier: Apache-2.0
// Sees how long the cluster's own messages take, and shares the wire out among this host's
// migrations.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/strong.h"
#include "node/migration_bandwidth.h"
#include "ports/clock.h"
#include "ports/hypervisor.h"

namespace upbeat {

/// How often a message is sent through the order to see how long it takes: while something
/// migrates, and while nothing does.
inline constexpr std::chrono::milliseconds busy_probe_interval{250};
inline constexpr std::chrono::milliseconds idle_probe_interval{5'000};

/// What those get that wait for another to be over: they are made ready meanwhile. Two that are
/// copied at once make each other's guests stand still longer (docs/measuring.md). Less than this
/// no hypervisor knows.
inline constexpr std::uint64_t in_line_mib_per_s = 1;

/// What the watch asks of its node.
struct BandwidthHooks {
  /// Sends a message through the order; `back` of the watch is called when it comes. Whether there
  /// is an order to send it through.
  std::function<bool()> probe;
  /// The guests that leave, with what is copied of each in a second.
  std::function<std::map<VmId, std::uint64_t>()> outgoing_kib_per_s;
  /// Which of them the others wait for; none: they share.
  std::function<std::optional<VmId>()> first_in_line;
  /// What an operator should see while migrations are held back; "": no longer.
  std::function<void(const std::string&)> held_back;
};

/// Measures what the cluster lives by: a message's way through Corosync's ring and back, over
/// whichever links, with whatever keeps these hosts from answering. (Knet's own latency of a link
/// is a mean over its last 2048 pings, and shows a storm when it is over: corosync.conf(5),
/// knet_ping_precision.) Belongs to the loop's thread.
class BandwidthWatch {
 public:
  BandwidthWatch(Hypervisor& hypervisor, Clock& clock, std::optional<std::uint64_t> mib_per_s,
                 BandwidthHooks hooks)
      : hypervisor_(hypervisor), clock_(clock), rule_(mib_per_s), hooks_(std::move(hooks)) {}

  /// Begins. Once.
  void begin() { look(); }
  /// A message of ours, sent then, has come through the order.
  void back(MonotonicTime sent);
  /// What leaves has changed: shares the wire out anew.
  void share();
  /// An earlier life of this daemon began this one, and may have told it to wait: the hypervisor is
  /// told what holds now, whatever that is.
  void inherits(const VmId& vm);

 private:
  /// What a migration should have of the wire. Nobody is told that it has all of it, unless it once
  /// had less: what an admin set is the admin's.
  struct Limit {
    std::optional<std::uint64_t> mib_per_s;
    bool said = false;
    bool under_way = false;  ///< the hypervisor has not answered
  };

  void look();
  void heard(std::chrono::nanoseconds latency);
  void tell(const std::string& text);
  void limit(const VmId& vm, std::optional<std::uint64_t> mib_per_s);
  void say(const VmId& vm);
  [[nodiscard]] OutgoingTraffic traffic() const;

  Hypervisor& hypervisor_;
  Clock& clock_;
  MigrationBandwidth rule_;
  BandwidthHooks hooks_;
  std::optional<MonotonicTime> probed_;  ///< the oldest probe that is not back
  std::map<VmId, Limit> limits_;         ///< of migrations under way
  std::string told_;
  Timer next_;
};

}  // namespace upbeat
