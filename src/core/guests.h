// SPDX-License-Identifier: Apache-2.0
// All guests of the cluster, by name and by the nodes that may be running them.
#pragma once

#include <cstdint>
#include <vector>

#include "core/records.h"
#include "core/table.h"

namespace upbeat {

/// Reads like a std::map. A record to be changed is asked for with `edit`; that reference is good
/// until `settle` or a copy. What the guests' `may_run_on` say is always counted as it is, also of
/// records that are just being changed.
class Guests {
 public:
  using Records = Table<VmId, VmRecord>;
  using const_iterator = Records::Iterator;

  [[nodiscard]] const_iterator begin() const { return records_.begin(); }
  [[nodiscard]] const_iterator end() const { return records_.end(); }
  [[nodiscard]] std::size_t size() const { return records_.size(); }
  [[nodiscard]] bool empty() const { return records_.empty(); }
  [[nodiscard]] bool contains(const VmId& vm) const { return records_.contains(vm); }
  [[nodiscard]] const_iterator find(const VmId& vm) const { return records_.find(vm); }
  [[nodiscard]] const VmRecord& at(const VmId& vm) const { return records_.at(vm); }
  [[nodiscard]] const Records& records() const { return records_; }

  [[nodiscard]] VmRecord& edit(const VmId& vm);
  VmRecord& operator[](const VmId& vm);
  void emplace(const VmId& vm, VmRecord record);
  std::size_t erase(const VmId& vm);
  /// Nobody changes records that were asked for so far: from now on they are found by their nodes
  /// as fast as the others. `apply` does it once an event.
  void settle();

  /// A guest on a node; its record stays where it is until it is edited or the guest erased.
  struct Seat {
    VmId vm;
    const VmRecord* record;
  };
  /// The guests that may be running on the node, sorted.
  [[nodiscard]] std::vector<Seat> on(NodeId node) const;
  [[nodiscard]] bool any_on(NodeId node) const;
  /// What they need together.
  [[nodiscard]] std::uint64_t memory_on_kib(NodeId node) const;

  friend bool operator==(const Guests& left, const Guests& right) {
    return left.records_ == right.records_;
  }

 private:
  struct There {
    std::vector<Seat> seats;  ///< sorted by guest
    std::uint64_t memory_kib = 0;
  };

  void touch(const VmId& vm);
  void enter(const VmId& vm);

  Records records_;
  Table<NodeId, There> by_node_;  ///< of the guests that are not in `touched_`
  std::vector<VmId> touched_;     ///< whose records may be changing
};

}  // namespace upbeat
