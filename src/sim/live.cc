// SPDX-License-Identifier: Apache-2.0
// A live cluster's state as the beginning of a simulated world.
#include "sim/live.h"

#include <algorithm>

#include "sim/machine.h"

namespace upbeat {
namespace {

constexpr std::uint64_t kib_per_mib = 1024;
/// The shortest copying that a rate is taken from: below, a migration is all preparation.
constexpr std::int64_t least_copying_ms = 20;

template <class... Ts>
struct Cases : Ts... {
  using Ts::operator()...;
};

std::uint64_t mib(std::uint64_t kib) { return (kib + kib_per_mib - 1) / kib_per_mib; }

/// The nodes on which the guest executes now. One that is starting does not yet; of one that may
/// be on a node or not, the simulated node will say that it is not there.
std::vector<NodeId> executes_on(const VmRecord& vm) {
  return std::visit(
      Cases{[](const Running& it) { return std::vector{it.on}; },
            [](const Stopping& it) { return std::vector{it.on}; },
            [](const Migrating& it) { return std::vector{it.landed ? it.to : it.from}; },
            [&](const Alarm&) {
              std::vector<NodeId> seen;
              for (const auto& [node, since] : vm.may_run_on) seen.push_back(node);
              return seen;
            },
            [](const auto&) { return std::vector<NodeId>(); }},
      vm.phase);
}

/// What the guest's last migration copied a second, taking all of its memory for copied once.
std::optional<std::uint64_t> rate_of_last_move(const VmRecord& vm) {
  if (!vm.last_move || !vm.last_move->success) return std::nullopt;
  const SimulatedTraits usual;
  const auto copying = std::int64_t{vm.last_move->total_ms} - vm.last_move->downtime_ms -
                       usual.prepare_ms - usual.cleanup_ms;
  const auto ms = static_cast<std::uint64_t>(std::max(copying, least_copying_ms));
  return std::max<std::uint64_t>(vm.spec.memory_kib * 1000 / ms, 1);
}

template <class T>
std::optional<T> median(std::vector<T> values) {
  if (values.empty()) return std::nullopt;
  std::ranges::sort(values);
  return values[values.size() / 2];
}

GuestTraits guest_traits(const VmRecord& vm, const MeasuredMoves& moves) {
  GuestTraits traits;
  const auto own = rate_of_last_move(vm);
  traits.migration_kib_per_s = own ? *own : moves.rate_kib_per_s.value_or(0);
  if (const auto* moving = std::get_if<Migrating>(&vm.phase); moving && moving->progress) {
    traits.dirty_kib_per_s = moving->progress->dirty_kib_per_s;
  }
  return traits;
}

std::string seconds_text(std::int64_t ms) {
  const auto tenths = ms % 1000 / 100;
  return std::to_string(ms / 1000) + (tenths == 0 ? "" : "." + std::to_string(tenths)) + " s";
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char letter : text) {
    if (letter == '&') {
      out += "&amp;";
    } else if (letter == '<') {
      out += "&lt;";
    } else {
      out += letter;
    }
  }
  return out;
}

}  // namespace

std::vector<LiveGuest> live_guests(const State& state) {
  std::vector<LiveGuest> list;
  for (const auto& [id, vm] : state.vms) {
    for (const auto node : executes_on(vm)) {
      if (online(state, node) == nullptr) continue;
      list.push_back({id, node, vm.spec.uuid, vm.spec.memory_kib});
    }
  }
  for (const auto& [id, node] : state.nodes) {
    if (online(state, id) == nullptr) continue;
    for (const auto& guest : node.foreign) list.push_back({guest.vm, id, {}, guest.memory_kib});
  }
  return list;
}

Scenario scenario_of(const State& state) {
  Scenario scenario;
  scenario.title = "the live cluster";
  for (const auto& [id, node] : state.nodes) {
    scenario.nodes.push_back({.name = name_of(state, id),
                              .memory_mib = mib(node.capacity.memory_kib),
                              .reserve_mib = 0,
                              .cores = node.capacity.cores,
                              .on = online(state, id) != nullptr,
                              .watchdog = node.watchdog});
  }
  const auto moves = measured_moves(state);
  for (const auto& [id, vm] : state.vms) {
    ScenarioVm one{.name = id.get(), .memory_mib = mib(vm.spec.memory_kib)};
    one.cores = vm.spec.cores;
    one.priority = vm.spec.priority;
    one.wanted = vm.wanted;
    one.traits = guest_traits(vm, moves);
    for (const auto node : executes_on(vm)) {
      if (online(state, node) != nullptr) one.node = name_of(state, node);
    }
    scenario.vms.push_back(std::move(one));
  }
  return scenario;
}

MeasuredMoves measured_moves(const State& state) {
  std::vector<std::uint64_t> rates;
  std::vector<std::uint32_t> downtimes;
  for (const auto& [id, vm] : state.vms) {
    const auto rate = rate_of_last_move(vm);
    if (!rate) continue;
    rates.push_back(*rate);
    downtimes.push_back(vm.last_move->downtime_ms);
  }
  MeasuredMoves moves{.moves = static_cast<std::uint32_t>(rates.size())};
  if (!rates.empty()) moves.fastest_kib_per_s = std::ranges::max(rates);
  moves.rate_kib_per_s = median(std::move(rates));
  moves.downtime_ms = median(std::move(downtimes));
  return moves;
}

std::string assumptions(const MeasuredMoves& moves) {
  const SimulatedTraits usual;
  const GuestTraits guest;
  const auto rate = moves.rate_kib_per_s.value_or(usual.wire_kib_per_s) / kib_per_mib;
  const auto pause = moves.downtime_ms ? std::int64_t{*moves.downtime_ms} : usual.switchover_ms;
  const std::string source = moves.moves == 0   ? "as in Upbeat's lab"
                             : moves.moves == 1 ? "as the last one"
                                                : "median of " + std::to_string(moves.moves);
  return "migrations copy " + std::to_string(rate) + " MiB/s and pause a VM for " +
         std::to_string(pause) + " ms (" + source + "), a VM boots in " +
         seconds_text(guest.start_ms + guest.boot_ms) + " and a host in " +
         seconds_text(MachineFacts{}.boot_time.count()) +
         ", fence devices work unless they just failed, quorum is a majority of nodes";
}

SimulatedTraits traits_of(const State& state) {
  SimulatedTraits traits;
  const auto moves = measured_moves(state);
  traits.wire_kib_per_s = std::max(traits.wire_kib_per_s, moves.fastest_kib_per_s.value_or(0));
  traits.switchover_ms =
      moves.downtime_ms.value_or(static_cast<std::uint32_t>(traits.switchover_ms));
  return traits;
}

State for_twins(const State& state) {
  State changed = state;
  for (const auto& [id, vm] : state.vms) {
    changed.vms.edit(id).spec.domain_xml =
        twin_definition(id.get(), vm.spec.memory_kib, vm.spec.cores);
  }
  return changed;
}

std::string twin_definition(const std::string& name, std::uint64_t memory_kib,
                            std::uint32_t cores) {
  return "<domain type='qemu'><name>" + escaped(name) + "</name><memory unit='KiB'>" +
         std::to_string(memory_kib) + "</memory><vcpu>" + std::to_string(cores) +
         "</vcpu><os><type>hvm</type></os></domain>";
}

}  // namespace upbeat
