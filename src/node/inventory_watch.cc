// SPDX-License-Identifier: Apache-2.0
// Reads this host's inventory when it may have changed, and reports it as evidence.
#include "node/inventory_watch.h"

#include <algorithm>
#include <utility>

namespace upbeat {
namespace {

Sighting sighting(GuestPhase phase) {
  switch (phase) {
    case GuestPhase::incoming:
      return Sighting::incoming;
    case GuestPhase::outgoing:
      return Sighting::outgoing;
    case GuestPhase::running:
      break;
  }
  return Sighting::running;
}

}  // namespace

InventoryWatch::InventoryWatch(Hypervisor& hypervisor, Clock& clock,
                               std::function<std::optional<ReadingBasis>()> basis,
                               std::function<std::vector<VmId>()> busy,
                               std::function<bool(const InventoryReported&)> report,
                               std::function<void(const std::string&)> trouble)
    : hypervisor_(hypervisor),
      clock_(clock),
      basis_(std::move(basis)),
      busy_(std::move(busy)),
      report_(std::move(report)),
      trouble_(std::move(trouble)) {}

void InventoryWatch::set_capacity(std::optional<std::uint64_t> memory_kib,
                                  std::uint64_t reserve_kib) {
  memory_kib_ = memory_kib;
  reserve_kib_ = reserve_kib;
}

void InventoryWatch::begin() {
  regular_ = clock_.after(inventory_interval, [this] {
    look_now();
    begin();
  });
}

void InventoryWatch::look_soon() {
  if (soon_pending_) return;
  soon_pending_ = true;
  soon_ = clock_.after(evidence_interval, [this] {
    soon_pending_ = false;
    look_now();
  });
}

void InventoryWatch::look_now() {
  if (reading_) {
    // What is being read now may be older than what just changed.
    again_ = true;
    return;
  }
  const auto basis = basis_();
  if (!basis) return;
  reading_ = true;
  if (capacity_) {
    read(*basis);
    return;
  }
  hypervisor_.host_facts([this, basis = *basis](const Result<HostFacts>& facts) {
    if (!facts) {
      reading_ = false;
      trouble_(facts.error().text);
      return;
    }
    const auto memory = memory_kib_.value_or(facts->memory_kib);
    capacity_ = Capacity{memory > reserve_kib_ ? memory - reserve_kib_ : 0, facts->cores};
    read(basis);
  });
}

void InventoryWatch::read(const ReadingBasis& basis) {
  // Its connection may give signs of life while every call stands still.
  patience_ = clock_.after(inventory_patience, [this] {
    trouble_("cannot list the guests of this host: the hypervisor has not answered for " +
             std::to_string(inventory_patience.count() / 1000) +
             " s; is libvirtd well? see `journalctl -u libvirtd`; Upbeat goes on waiting");
  });
  hypervisor_.inventory([this, basis](const Result<std::vector<Guest>>& guests) {
    reading_ = false;
    patience_.cancel();
    trouble_(guests ? "" : guests.error().text);
    // In another view the state may be another one, and `as_of` an event that it has not seen.
    const auto now = basis_();
    if (guests && now && now->epoch == basis.epoch) finish(basis, *guests);
    if (std::exchange(again_, false)) look_now();
  });
}

void InventoryWatch::finish(const ReadingBasis& basis, const std::vector<Guest>& guests) {
  guests_ = guests.size();
  if (witness_) witness_(guests);
  InventoryReported news{.node = basis.self,
                         .incarnation = basis.incarnation,
                         .as_of = basis.as_of,
                         .capacity = *capacity_,
                         .busy = basis.busy};
  for (const auto& guest : guests) {
    news.guests.push_back({guest.vm, guest.memory_kib, sighting(guest.phase)});
  }
  std::ranges::sort(news.guests, {}, &GuestSeen::vm);
  // Work that began or ended while we read leaves it open what we have seen of that guest.
  for (const auto& vm : busy_()) {
    const auto at = std::ranges::lower_bound(news.busy, vm);
    if (at == news.busy.end() || *at != vm) news.busy.insert(at, vm);
  }
  for (const auto& [vm, ending] : ended_) news.ended.push_back({vm, ending});
  if (report_(news)) ended_.clear();
}

}  // namespace upbeat
