// SPDX-License-Identifier: Apache-2.0
// Reads this host's inventory when it may have changed, and reports it as evidence.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/event.h"
#include "ports/clock.h"
#include "ports/hypervisor.h"

namespace upbeat {

/// The inventory is read at least this often, whether or not anything was heard.
inline constexpr std::chrono::milliseconds inventory_interval{10'000};
/// While somebody waits for evidence that has not come yet, it is read this often.
inline constexpr std::chrono::milliseconds evidence_interval{100};

/// A hypervisor that takes longer for its list of guests is one that hangs.
inline constexpr std::chrono::milliseconds inventory_patience{20'000};

/// What a report needs to know of its node at the moment when the reading begins.
struct ReadingBasis {
  NodeId self;
  std::uint64_t incarnation = 0;
  Epoch epoch;  ///< `as_of` counts in the order that led to it
  EventIndex as_of;
  std::vector<VmId> busy;  ///< sorted
};

/// One reading at a time. Belongs to the loop's thread.
class InventoryWatch {
 public:
  /// `basis` is asked at the beginning of each reading; nothing is read while it gives none.
  /// `busy` is asked again at its end. `report` puts the result into the order, if it is news, and
  /// returns whether it was.
  InventoryWatch(Hypervisor& hypervisor, Clock& clock,
                 std::function<std::optional<ReadingBasis>()> basis,
                 std::function<std::vector<VmId>()> busy,
                 std::function<bool(const InventoryReported&)> report,
                 std::function<void(const std::string&)> trouble);

  /// Is shown every reading, before it is reported; set before begin.
  void set_witness(std::function<void(const std::vector<Guest>&)> witness) {
    witness_ = std::move(witness);
  }
  void set_capacity(std::optional<std::uint64_t> memory_kib, std::uint64_t reserve_kib);
  /// Something changed: read and report, once more if it is being read just now.
  void look_now();
  /// Somebody still waits for evidence: look, after an evidence_interval.
  void look_soon();
  /// Begins to look by itself every inventory_interval.
  void begin();
  void ended(const VmId& vm, Ending ending) { ended_[vm] = ending; }
  /// What was read last, as far as it is known: whether there is any guest at all.
  [[nodiscard]] std::optional<std::size_t> guests() const { return guests_; }

 private:
  void read(const ReadingBasis& basis);
  void finish(const ReadingBasis& basis, const std::vector<Guest>& guests);

  Hypervisor& hypervisor_;
  Clock& clock_;
  std::function<std::optional<ReadingBasis>()> basis_;
  std::function<std::vector<VmId>()> busy_;
  std::function<bool(const InventoryReported&)> report_;
  std::function<void(const std::string&)> trouble_;
  std::function<void(const std::vector<Guest>&)> witness_;

  std::optional<std::uint64_t> memory_kib_;
  std::uint64_t reserve_kib_ = 0;
  std::optional<Capacity> capacity_;
  std::map<VmId, Ending> ended_;
  std::optional<std::size_t> guests_;
  bool reading_ = false;
  bool again_ = false;
  Timer patience_;
  Timer soon_;
  Timer regular_;
  bool soon_pending_ = false;
};

}  // namespace upbeat
