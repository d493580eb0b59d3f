// SPDX-License-Identifier: Apache-2.0
// What a replica writes to its disk, and when it waits for it.
#include <algorithm>
#include <utility>

#include "node/replica.h"

namespace upbeat {

bool Replica::save_snapshot() {
  const auto saved = journal_.save_snapshot(state_.index, encode(state_));
  disk_behind_ = !saved;
  if (saved) {
    events_since_snapshot_ = 0;
  } else {
    listener_.on_disk_trouble(saved.error());
  }
  return !disk_behind_;
}

bool Replica::write(const std::vector<Unwritten>& batch, Durability durability) {
  for (std::size_t i = 0; i < batch.size(); ++i) {
    // One wait for the disk per batch: what is synced last carries all before it.
    const auto written = journal_.append(batch[i].event, batch[i].lines,
                                         i + 1 == batch.size() ? durability : Durability::relaxed);
    if (!written) {
      disk_behind_ = true;
      listener_.on_disk_trouble(written.error());
      return false;
    }
  }
  events_since_snapshot_ += batch.size();
  // The larger the state, the rarer it is written, so that an event costs the same in the mean.
  const auto every = std::max<std::uint64_t>(snapshot_every_events, state_.vms.size());
  return events_since_snapshot_ < every || save_snapshot();
}

void Replica::flush() {
  flush_posted_ = false;
  if (unwritten_.empty()) return;
  const auto batch = std::exchange(unwritten_, {});
  const bool lasts = std::ranges::any_of(
      batch, [](const auto& one) { return one.durability == Durability::synced; });
  // A disk that has missed events takes nothing but a whole state.
  const bool was_behind = disk_behind_;
  const bool safe_here = disk_behind_
                             ? save_snapshot()
                             : write(batch, lasts ? Durability::synced : Durability::relaxed);
  if (was_behind && safe_here) listener_.on_disk_well();
  if (safe_here && (lasts || was_behind) && in_step_) say_persisted(batch.back().event.index);
}

}  // namespace upbeat
