// SPDX-License-Identifier: Apache-2.0
// Strong types: a NodeId is no VmId, a view's epoch is no event's index, and the compiler knows.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <utility>

namespace upbeat {

/// A value of type T that converts to nothing else; ordered, so that it can key a std::map.
template <class Tag, class T>
class Strong {
 public:
  constexpr Strong() = default;
  constexpr explicit Strong(T value) : value_(std::move(value)) {}

  [[nodiscard]] constexpr const T& get() const { return value_; }
  auto operator<=>(const Strong&) const = default;

 private:
  T value_{};
};

/// A host of the cluster: Corosync's `nodeid` (corosync.conf(5)), 1 or more; 0 names no node.
using NodeId = Strong<struct NodeIdTag, std::uint32_t>;

/// A guest, by its libvirt domain name; unique in the cluster.
using VmId = Strong<struct VmIdTag, std::string>;

/// A placement rule, by its name; unique in the cluster.
using RuleId = Strong<struct RuleIdTag, std::string>;

/// Counts the quorate views that the cluster has agreed on; a later view has a higher epoch.
using Epoch = Strong<struct EpochTag, std::uint64_t>;

/// The place of an event in the one total order; the first event has index 1.
using EventIndex = Strong<struct EventIndexTag, std::uint64_t>;

}  // namespace upbeat
