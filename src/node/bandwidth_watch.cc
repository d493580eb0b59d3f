// SPDX-License-Identifier: Apache-2.0
// Sees how long the cluster's own messages take, and shares the wire out among this host's
// migrations.
#include "node/bandwidth_watch.h"

#include <utility>

namespace upbeat {

void BandwidthWatch::look() {
  // One that is late is as good as one that came so late. A change of view may swallow it: the next
  // one that comes back tells that.
  if (probed_) heard(clock_.now() - *probed_);
  const auto now = clock_.now();
  if (!hooks_.probe()) {
    probed_.reset();
  } else if (!probed_) {
    probed_ = now;
  }
  share();
  // A hypervisor forgets what it is told while it makes a migration ready or begins to copy: it
  // goes on with the limit it had read before (libvirt 9.0, qemuMigrationSrcRun), and does not show
  // that.
  for (const auto& [vm, limit] : limits_) {
    if (limit.said) say(vm);
  }
  next_ =
      clock_.after(hooks_.outgoing_kib_per_s().empty() ? idle_probe_interval : busy_probe_interval,
                   [this] { look(); });
}

void BandwidthWatch::back(MonotonicTime sent) {
  if (probed_ && sent >= *probed_) probed_.reset();
  heard(clock_.now() - sent);
}

void BandwidthWatch::heard(std::chrono::nanoseconds latency) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(latency);
  const auto change = rule_.heard(us, traffic(), clock_.now());
  if (change == Change::none) return;
  // That it grows step by step is told when it is over.
  if (change == Change::less) tell(rule_.words());
  if (!rule_.holds_back()) tell("");
  share();
}

void BandwidthWatch::tell(const std::string& text) {
  if (std::exchange(told_, text) != text) hooks_.held_back(text);
}

OutgoingTraffic BandwidthWatch::traffic() const {
  OutgoingTraffic traffic;
  for (const auto& [vm, kib_per_s] : hooks_.outgoing_kib_per_s()) {
    ++traffic.migrations;
    traffic.mib_per_s += kib_per_s / 1024;
  }
  return traffic;
}

void BandwidthWatch::share() {
  const auto outgoing = hooks_.outgoing_kib_per_s();
  std::erase_if(limits_, [&](const auto& limit) { return !outgoing.contains(limit.first); });
  if (outgoing.empty()) return tell("");
  if (limits_.empty()) next_ = clock_.after(busy_probe_interval, [this] { look(); });
  const auto first = outgoing.size() > 1 ? hooks_.first_in_line() : std::nullopt;
  const auto each = rule_.each(first ? 1 : outgoing.size());
  for (const auto& [vm, rate] : outgoing) {
    limit(vm, first && vm != *first ? std::optional(in_line_mib_per_s) : each);
  }
}

void BandwidthWatch::inherits(const VmId& vm) { limits_[vm].said = true; }

void BandwidthWatch::limit(const VmId& vm, std::optional<std::uint64_t> mib_per_s) {
  auto& limit = limits_[vm];
  if (limit.mib_per_s == mib_per_s) return;
  limit.mib_per_s = mib_per_s;
  limit.said = true;
  say(vm);
}

void BandwidthWatch::say(const VmId& vm) {
  auto& limit = limits_.at(vm);
  if (std::exchange(limit.under_way, true)) return;
  hypervisor_.limit_bandwidth(vm, limit.mib_per_s,
                              [this, vm, said = limit.mib_per_s](const Result<void>& limited) {
                                const auto found = limits_.find(vm);
                                if (found == limits_.end()) return;
                                found->second.under_way = false;
                                // A refusal is not for long: the next look says it again.
                                if (limited && found->second.mib_per_s != said) say(vm);
                              });
}

}  // namespace upbeat
