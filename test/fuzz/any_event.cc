// SPDX-License-Identifier: Apache-2.0
// Events out of a fuzzer's bytes, one kind after another.
#include "any_event.h"

namespace upbeat::fuzz {
namespace {

constexpr std::uint32_t nodes_limit = 3;
constexpr std::uint32_t guests_limit = 3;
constexpr std::uint32_t decisions_limit = 4;
constexpr std::uint64_t room_kib = 1024;

/// Draws what events are made of.
class Draw {
 public:
  Draw(FuzzedDataProvider& input, const State& state) : input_(input), state_(state) {}

  template <class Number = std::uint32_t>
  Number upto(Number limit) {
    return input_.ConsumeIntegralInRange<Number>(0, limit);
  }
  bool yes() { return input_.ConsumeBool(); }
  NodeId node() { return NodeId(upto(nodes_limit)); }
  VmId vm() { return VmId("x" + std::to_string(upto(guests_limit))); }
  std::string text() { return input_.ConsumeRandomLengthString(4); }
  EventIndex index() { return EventIndex(upto(state_.index.get() + 1)); }
  StopForce force() { return yes() ? StopForce::power_off : StopForce::ask; }

  Event event() {
    switch (upto(15)) {
      case 0:
        return view();
      case 1:
        return Tick{.elapsed = std::chrono::milliseconds(input_.ConsumeIntegral<std::int64_t>())};
      case 2:
        return inventory();
      case 3:
        return NodeLeaving{.node = node(), .stays = yes()};
      case 4:
        return drain_requested();
      case 5:
        return UndrainRequested{.node = node()};
      case 6:
        return FenceReported{.node = node(), .by = node(), .proved_off = yes(), .detail = text()};
      case 7:
        return OffConfirmed{.node = node(), .who = text()};
      case 8:
        return defined();
      case 9:
        return VmWanted{.vm = vm(), .wanted = Wanted(upto(2)), .force = force()};
      case 10:
        return VmMigrateRequested{.vm = vm(), .to = yes() ? std::optional(node()) : std::nullopt};
      case 11:
        return VmStartFailed{.vm = vm(), .on = node(), .since = index(), .why = text()};
      case 12:
        return MigrationEnded{
            .vm = vm(), .from = node(), .to = node(), .since = index(), .success = yes()};
      case 13:
        return MigrationProgressed{.vm = vm(),
                                   .memory_left_kib = upto(room_kib),
                                   .rate_kib_per_s = input_.ConsumeIntegral<std::uint64_t>(),
                                   .dirty_kib_per_s = input_.ConsumeIntegral<std::uint64_t>()};
      case 14:
        return PolicySet{.quarantine_losses = upto(2),
                         .quarantine_window_s = upto(2 * quarantine_window_least_s)};
      default:
        return decided();
    }
  }

 private:
  ViewChanged view() {
    ViewChanged change{.epoch = Epoch(state_.epoch.get() + 1), .continuity = Continuity(upto(2))};
    for (std::uint32_t id = 1; id <= nodes_limit; ++id) {
      if (yes()) change.here.push_back({NodeId(id), upto<std::uint64_t>(2)});
      if (yes()) change.configured.push_back({NodeId(id), "node" + std::to_string(id)});
    }
    return change;
  }
  InventoryReported inventory() {
    InventoryReported report{.node = node(),
                             .incarnation = upto<std::uint64_t>(2),
                             .as_of = index(),
                             .capacity = {.memory_kib = upto(room_kib), .cores = 1}};
    for (std::uint32_t number = 0; number <= guests_limit; ++number) {
      const VmId vm("x" + std::to_string(number));
      if (yes()) report.guests.push_back({vm, upto(room_kib), Sighting(upto(2))});
      if (yes()) report.busy.push_back(vm);
      if (yes()) report.ended.push_back({vm, Ending(upto(4))});
    }
    return report;
  }
  VmDefined defined() {
    VmDefined made{.vm = vm(), .spec = {}};
    made.spec.uuid = made.vm.get();
    made.spec.memory_kib = upto(room_kib);
    return made;
  }
  DrainRequested drain_requested() {
    DrainRequested made{.node = node(), .cause = DrainCause(upto(4)), .why = text()};
    if (yes()) made.budget = std::chrono::milliseconds(upto(200'000));
    return made;
  }
  Action action() {
    switch (upto(7)) {
      case 0:
        return StartVm{.vm = vm(), .on = node()};
      case 1:
        return MigrateVm{.vm = vm(), .from = node(), .to = node()};
      case 2:
        return StopVm{.vm = vm(), .on = node(), .force = force()};
      case 3:
        return FenceNode{.node = node(), .by = node()};
      case 4:
        return HoldVm{.vm = vm()};
      case 5:
        return HastenVm{.vm = vm(), .step = MoveStep(upto(4))};
      case 6:
        return CallOffMove{.vm = vm()};
      default:
        return GiveUpVm{.vm = vm()};
    }
  }
  Decided decided() {
    Decided made{.view = yes() ? state_.epoch : Epoch(upto<std::uint64_t>(3)), .decisions = {}};
    for (std::uint32_t left = upto(decisions_limit); left > 0; --left)
      made.decisions.push_back({action(), Reason(text())});
    return made;
  }

  FuzzedDataProvider& input_;
  const State& state_;
};

}  // namespace

Event any_event(FuzzedDataProvider& input, const State& state) {
  return Draw(input, state).event();
}

}  // namespace upbeat::fuzz
