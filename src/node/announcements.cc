// SPDX-License-Identifier: Apache-2.0
// Makes the network follow a guest that has migrated in, and remembers what its guests answer to.
#include "node/announcements.h"

#include <algorithm>
#include <sstream>
#include <utility>

namespace upbeat {
namespace {

std::int64_t ms_between(MonotonicTime begin, MonotonicTime end) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(end - begin).count();
}

std::string times(int count) { return count == 1 ? "once" : std::to_string(count) + " times"; }

/// What was noted of this interface.
std::string line_of(const std::string& note, const MacAddress& mac) {
  std::istringstream lines(note);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(to_text(mac) + " ")) return line;
  }
  return {};
}

}  // namespace

Announcements::Announcements(Hypervisor& hypervisor, Announcer& announcer, Clock& clock,
                             std::function<void(const std::string&)> say)
    : hypervisor_(hypervisor), announcer_(announcer), clock_(clock), say_(std::move(say)) {}

void Announcements::seen(const VmId& vm, Arrival arrival) {
  const auto [found, is_new] = guests_.try_emplace(vm);
  auto& here = found->second;
  if (is_new) {
    here.visit = ++visits_;
    here.arrival = arrival;
    here.arrived = clock_.now();
  } else if (here.read_at && clock_.now() - *here.read_at < interfaces_age_limit) {
    return;
  }
  ask(vm);
}

void Announcements::gone(const VmId& vm) {
  if (auto left = guests_.extract(vm)) forget(vm, left.mapped(), {});
}

/// Listens no more to the guest's interfaces, but to those that it has.
void Announcements::forget(const VmId& vm, Here& here, const std::vector<GuestInterface>& but) {
  std::erase_if(here.devices, [&](const std::string& device) {
    const auto found = interfaces_.find(device);
    const bool ours = found != interfaces_.end() && found->second.vm == vm;
    if (ours && std::ranges::count(but, device, &GuestInterface::device) > 0) return false;
    if (ours) {
      announcer_.forget(device);
      interfaces_.erase(found);
    }
    return true;
  });
}

void Announcements::keep_only(const std::vector<Guest>& guests) {
  std::vector<VmId> left;
  for (const auto& [vm, here] : guests_) {
    const auto found = std::ranges::find(guests, vm, &Guest::vm);
    if (found == guests.end() || found->phase == GuestPhase::incoming) left.push_back(vm);
  }
  for (const auto& vm : left) gone(vm);
}

void Announcements::ask(const VmId& vm) {
  auto& here = guests_.at(vm);
  if (std::exchange(here.asking, true)) return;
  hypervisor_.network(vm, [this, vm, visit = here.visit](const Result<GuestNetwork>& network) {
    const auto found = guests_.find(vm);
    if (found == guests_.end() || found->second.visit != visit) return;
    found->second.asking = false;
    // Without an answer, the next look at the inventory asks again.
    if (network) answered(vm, found->second, *network);
  });
}

void Announcements::answered(const VmId& vm, Here& here, const GuestNetwork& network) {
  const bool first_answer = !std::exchange(here.read_at, clock_.now()).has_value();
  if (first_answer) here.note = network.note;
  forget(vm, here, network.interfaces);
  for (const auto& interface : network.interfaces) {
    if (std::ranges::count(here.devices, interface.device) == 0) watch(vm, here, interface);
  }
  if (!first_answer || here.arrival != Arrival::migrated_in || here.devices.empty()) return;
  here.campaign.emplace(Campaign{.begun = here.arrived});
  announce(vm);
}

void Announcements::watch(const VmId& vm, Here& here, const GuestInterface& interface) {
  if (const auto watched = announcer_.watch(interface, here.note); !watched) {
    // Said of a guest that came by migration: somebody may wonder why nobody finds it.
    if (here.arrival == Arrival::migrated_in) say_(vm.get() + ": " + watched.error().text);
    return;
  }
  // libvirt gives the name of a device that is gone to the next guest.
  if (const auto other = interfaces_.find(interface.device); other != interfaces_.end()) {
    std::erase(guests_.at(other->second.vm).devices, interface.device);
  }
  interfaces_.insert_or_assign(interface.device,
                               Interface{.vm = vm, .known = line_of(here.note, interface.mac)});
  here.devices.push_back(interface.device);
}

void Announcements::announce(const VmId& vm) {
  auto& here = guests_.at(vm);
  auto& campaign = *here.campaign;
  ++campaign.rounds;
  for (const auto& device : here.devices) {
    if (interfaces_.at(device).heard && campaign.rounds > least_announcements) continue;
    const auto told = announcer_.announce(device);
    if (!told && campaign.rounds == 1) say_(told.error().text);
  }
  const bool over = clock_.now() - campaign.begun >= announcement_patience;
  if (over || (all_heard(here) && campaign.rounds >= least_announcements)) {
    return end_campaign(vm, here);
  }
  campaign.next = clock_.after(campaign.pause, [this, vm] { announce(vm); });
  campaign.pause = std::min(2 * campaign.pause, longest_announcement_pause);
}

bool Announcements::all_heard(const Here& here) const {
  return std::ranges::all_of(here.devices,
                             [this](const auto& device) { return interfaces_.at(device).heard; });
}

void Announcements::end_campaign(const VmId& vm, Here& here) {
  const auto& campaign = *here.campaign;
  const auto took = ms_between(campaign.begun, clock_.now());
  if (all_heard(here)) {
    say_(vm.get() + " is heard on its new host after " + std::to_string(took) +
         " ms; it was announced " + times(campaign.rounds));
  } else {
    std::string silent;
    for (const auto& device : here.devices) {
      if (!interfaces_.at(device).heard) silent += " " + device;
    }
    say_(vm.get() + " has not been heard since it came, at" + silent + "; it was announced " +
         times(campaign.rounds) + " in " + std::to_string(took / 1000) +
         " s and is left to itself: is its network well?");
  }
  here.campaign.reset();
}

void Announcements::on_heard(const std::string& device) {
  const auto found = interfaces_.find(device);
  if (found == interfaces_.end()) return;
  found->second.heard = true;
  auto& here = guests_.at(found->second.vm);
  if (here.campaign && here.campaign->rounds >= least_announcements && all_heard(here)) {
    end_campaign(found->second.vm, here);
  }
}

void Announcements::on_learned(const std::string& device, const std::string& known) {
  const auto found = interfaces_.find(device);
  if (found == interfaces_.end()) return;
  found->second.known = known;
  note_after(found->second.vm, note_pause);
}

void Announcements::note_after(const VmId& vm, std::chrono::milliseconds pause) {
  auto& here = guests_.at(vm);
  if (std::exchange(here.note_pending, true)) return;
  here.noting = clock_.after(pause, [this, vm] {
    guests_.at(vm).note_pending = false;
    note(vm);
  });
}

void Announcements::note(const VmId& vm) {
  const auto& here = guests_.at(vm);
  std::string lines;
  for (const auto& device : here.devices) {
    if (const auto& known = interfaces_.at(device).known; !known.empty()) lines += known + "\n";
  }
  if (lines.size() > guest_note_limit_bytes || lines == here.note) return;
  hypervisor_.keep_note(vm, lines, [this, vm, lines, visit = here.visit](const Result<void>& kept) {
    const auto found = guests_.find(vm);
    if (found == guests_.end() || found->second.visit != visit) return;
    // It migrates, most likely: should it stay, then it is noted here.
    if (!kept) return note_after(vm, note_retry);
    found->second.note = lines;
  });
}

}  // namespace upbeat
