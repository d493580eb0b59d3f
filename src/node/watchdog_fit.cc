// SPDX-License-Identifier: Apache-2.0
// Whether a watchdog leaves the cluster the time that it needs when one of its hosts dies.
#include "node/watchdog_fit.h"

#include <string>

namespace upbeat {
namespace {

/// A watchdog may fire when half of its time is over (ports/watchdog.h), and is told whole seconds.
constexpr int soonest_share = 2;

std::string in_ms(std::chrono::milliseconds time) { return std::to_string(time.count()) + " ms"; }

}  // namespace

Result<void> leaves_time_for_a_ring(std::chrono::milliseconds timeout, const RingTiming& ring) {
  using std::chrono::seconds;
  const auto fires_after = std::chrono::floor<seconds>(timeout / soonest_share);
  const auto unfed = ring.token + ring.consensus + feeding_gap;
  if (fires_after > unfed) return {};
  const auto enough = (std::chrono::floor<seconds>(unfed) + seconds(1)) * soonest_share;
  return fail("cannot use the watchdog: it may reset this host " +
              std::to_string(fires_after.count()) +
              " s after it was fed, but when another host dies nobody is fed for up to " +
              in_ms(unfed) + " (Corosync's token of " + in_ms(ring.token) +
              ", its consensus timeout of " + in_ms(ring.consensus) + ", and " +
              in_ms(feeding_gap) + "); set timeout_s in [watchdog] of upbeat.toml to " +
              std::to_string(enough.count()) + " or more, or token in corosync.conf to less");
}

}  // namespace upbeat
