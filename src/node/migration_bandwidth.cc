// SPDX-License-Identifier: Apache-2.0
// How much of the wire this host's migrations may take. Pure.
#include "node/migration_bandwidth.h"

#include <algorithm>

namespace upbeat {
namespace {

/// How much one message weighs in what is usual: a burst of ten changes it by half.
constexpr int weight = 16;

std::string in_ms(std::chrono::microseconds span) {
  return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(span).count()) + " ms";
}

}  // namespace

Change MigrationBandwidth::heard(std::chrono::microseconds latency, const OutgoingTraffic& traffic,
                                 MonotonicTime now) {
  if (traffic.migrations == 0) {
    learn(latency);
    return Change::none;
  }
  if (!is_held_up(latency)) {
    if (!holds_back() || now - changed_ < growth_pause) return Change::none;
    changed_ = now;
    return grow();
  }
  if (holds_back() && now - halved_ < halving_pause) return Change::none;
  const auto change = halve(traffic);
  if (change == Change::none) return change;
  halved_ = now;
  changed_ = now;
  worst_ = latency;
  return change;
}

void MigrationBandwidth::learn(std::chrono::microseconds latency) {
  const auto counted = std::min<std::chrono::microseconds>(latency, longest_usual);
  usual_ = (usual_ * (weight - 1) + counted) / weight;
}

bool MigrationBandwidth::is_held_up(std::chrono::microseconds latency) const {
  return latency > least_held_up && latency > usual_ * held_up_factor;
}

Change MigrationBandwidth::halve(const OutgoingTraffic& traffic) {
  // Half of what is allowed may be more than they take; what they take may not be known yet.
  const auto copied = traffic.mib_per_s;
  if (!total_ && copied == 0) return Change::none;
  if (!holds_back()) peak_ = copied;
  const auto from = copied == 0 ? *total_ : std::min(total_.value_or(copied), copied);
  const auto to = std::max(from / 2, least_mib_per_s * traffic.migrations);
  if (total_ && to >= *total_) return Change::none;
  total_ = to;
  return Change::less;
}

/// Where nothing is configured there is no limit again once they could have twice what they took.
Change MigrationBandwidth::grow() {
  total_ = *total_ + std::max<std::uint64_t>(*total_ / growth_part, 1);
  if (configured_ ? *total_ >= *configured_ : *total_ >= 2 * peak_) total_ = configured_;
  return Change::more;
}

std::optional<std::uint64_t> MigrationBandwidth::each(std::size_t migrations) const {
  if (!total_) return std::nullopt;
  return std::max(*total_ / std::max<std::size_t>(migrations, 1), least_mib_per_s);
}

std::string MigrationBandwidth::words() const {
  if (!total_) return "the migrations from here get as much of the wire as there is room for";
  std::string text =
      "the migrations from here get " + std::to_string(*total_) + " MiB/s of the wire";
  if (!holds_back()) return text;
  return text + ": the cluster's own messages took " + in_ms(worst_) + ", where " + in_ms(usual_) +
         " is usual";
}

}  // namespace upbeat
