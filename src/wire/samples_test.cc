// SPDX-License-Identifier: Apache-2.0
// Values with every field set: no default, no two alike.
#include "wire/samples_test.h"

#include <chrono>
#include <string>

namespace upbeat {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t large = 0xFEDC'BA98'7654'3210;

/// Text that is no UTF-8 and has a zero in it, as a device might print it.
std::string raw(const std::string& text) { return text + std::string("\0\xff\xfe", 3); }

GuestSeen seen(const std::string& vm, std::uint64_t memory_kib, Sighting sighting) {
  return {.vm = VmId(vm), .memory_kib = memory_kib, .sighting = sighting};
}

VmSpec spec(std::int32_t priority) {
  return {.uuid = "d8f5c3b0-6f3e-4c55-9d0c-" + std::to_string(priority),
          .memory_kib = 262'145,
          .cores = 3,
          .priority = priority,
          .domain_xml = raw("<domain/>")};
}

MigrationProgressed progress() {
  return {.vm = VmId("x51"),
          .memory_total_kib = 52,
          .memory_left_kib = 53,
          .rate_kib_per_s = 54,
          .dirty_kib_per_s = large};
}

MigrationEnded move() {
  return {.vm = VmId("x61"),
          .from = NodeId(62),
          .to = NodeId(63),
          .since = EventIndex(64),
          .success = true,
          .why = raw("the socket was closed"),
          .total_ms = 65,
          .downtime_ms = 66};
}

std::vector<Decision> decisions() {
  return {
      {StartVm{.vm = VmId("x71"), .on = NodeId(72)}, Reason(raw("it is to run"))},
      {MigrateVm{.vm = VmId("x73"), .from = NodeId(74), .to = NodeId(75)}, Reason("it drains")},
      {StopVm{.vm = VmId("x76"), .on = NodeId(77), .force = StopForce::power_off},
       Reason("it was asked for")},
      {FenceNode{.node = NodeId(78), .by = NodeId(79)}, Reason("it is lost")},
      {HoldVm{.vm = VmId("x80")}, Reason("it fits nowhere")},
      {GiveUpVm{.vm = VmId("x81")}, Reason("it failed five times")},
      {HastenVm{.vm = VmId("x82"), .step = MoveStep::stand_still}, Reason("its node goes down")},
      {CallOffMove{.vm = VmId("x83")}, Reason("it would not be there in time")},
  };
}

Rule rule(RuleKind kind) {
  return {.name = RuleId("r91"),
          .kind = kind,
          .strictness = Strictness::best_effort,
          .vms = {VmId("x92"), VmId("x93")},
          .nodes = {NodeId(94), NodeId(95)}};
}

InventoryReported inventory() {
  return {.node = NodeId(1),
          .incarnation = large,
          .as_of = EventIndex(3),
          .capacity = {.memory_kib = 4, .cores = 5},
          .guests = {seen("x10", 11, Sighting::outgoing), seen("x6", 7, Sighting::running),
                     seen("x8", 9, Sighting::incoming)},
          .busy = {VmId("x12"), VmId("x13")},
          .ended = {{VmId("x14"), Ending::shut_down},
                    {VmId("x15"), Ending::destroyed},
                    {VmId("x16"), Ending::crashed},
                    {VmId("x17"), Ending::migrated},
                    {VmId("x18"), Ending::failed}}};
}

NodeRecord node(const std::string& name, Standing standing) {
  return {.name = name,
          .standing = std::move(standing),
          .capacity = {.memory_kib = 21, .cores = 22},
          .foreign = {seen("stranger", 23, Sighting::outgoing)},
          .drain = Drain{.cause = DrainCause::maintenance,
                         .why = raw("reboot"),
                         .since = 24ms,
                         .deadline = Deadline{25ms, 26ms, DrainCause::maintenance}},
          .fencing = Fencing{.by = NodeId(25),
                             .since = EventIndex(26),
                             .failures = 27,
                             .next_try = 28ms,
                             .last_error = raw("no answer")},
          .watchdog = 29ms,
          .losses = {30ms, 31ms},
          .quarantine = Quarantine{32ms, raw("it was lost twice")}};
}

VmRecord vm(std::int32_t priority, Phase phase) {
  return {.spec = spec(priority),
          .wanted = Wanted::removed,
          .stop_force = StopForce::power_off,
          .phase = std::move(phase),
          .may_run_on = {{NodeId(31), EventIndex(32)}, {NodeId(33), EventIndex(large)}},
          .wants_move = true,
          .move_to = NodeId(34),
          .start_failures = 35,
          .move_failures = 36,
          .crashes = 37,
          .avoid = {NodeId(38), NodeId(39)},
          .not_before = 40ms,
          .waits_for = raw("room"),
          .given_up = true,
          .last_error = raw("no disk"),
          .last_move = move(),
          .failback = Failback::stay,
          .home = NodeId(41),
          .last_on = NodeId(42),
          .held_for = NodeId(43)};
}

}  // namespace

std::vector<Event> sample_events() {
  return {
      ViewChanged{.epoch = Epoch(large),
                  .continuity = Continuity::cold,
                  .here = {{NodeId(1), 2}, {NodeId(3), large}},
                  .configured = {{NodeId(1), "node0"}, {NodeId(3), raw("node1")}}},
      Tick{.elapsed = 250ms},
      inventory(),
      NodeLeaving{.node = NodeId(2), .stays = true},
      DrainRequested{
          .node = NodeId(3), .cause = DrainCause::shutdown, .why = raw("reboot"), .budget = 600s},
      UndrainRequested{.node = NodeId(4)},
      FenceReported{
          .node = NodeId(5), .by = NodeId(6), .proved_off = true, .detail = raw("outlet 5 is off")},
      OffConfirmed{.node = NodeId(7), .who = raw("ada")},
      VmDefined{.vm = VmId("x8"), .spec = spec(-9)},
      VmWanted{.vm = VmId("x10"), .wanted = Wanted::removed, .force = StopForce::power_off},
      VmMigrateRequested{.vm = VmId("x11"), .to = NodeId(12)},
      RuleDefined{.rule = rule(RuleKind::off)},
      RuleRemoved{.name = RuleId("r14")},
      PolicySet{.restart_tries_here = 1,
                .restart_tries_elsewhere = 0,
                .failback = Failback::stay,
                .on_shutdown = OnShutdown::restart,
                .quarantine_losses = 2,
                .quarantine_window_s = 3},
      VmFailbackSet{.vm = VmId("x15"), .failback = Failback::go_home},
      VmStartFailed{
          .vm = VmId("x13"), .on = NodeId(14), .since = EventIndex(15), .why = raw("no such disk")},
      move(),
      progress(),
      WatchdogArmed{.node = NodeId(17), .incarnation = large, .timeout = 18ms},
      Decided{.view = Epoch(16), .decisions = decisions()},
  };
}

State sample_state() {
  State state;
  state.index = EventIndex(large);
  state.epoch = Epoch(2);
  state.term = 4;
  state.now = 3ms;
  const std::vector<Standing> standings{
      Unseen{.since = 4ms},
      Online{.incarnation = 5, .member_since = Epoch(6), .reported = true, .leaving = true},
      Lost{.since = 7ms, .daemon_went_first = true, .settles_at = 8ms},
      Left{},
      ProvedOff{.proof = raw("its outlet is off")},
  };
  for (std::uint32_t id = 1; const Standing& standing : standings) {
    state.nodes.emplace(NodeId(id), node("node" + std::to_string(id), standing));
    ++id;
  }
  const std::vector<Phase> phases{
      Stopped{},
      Starting{.on = NodeId(8), .since = EventIndex(9)},
      Running{.on = NodeId(10), .since = 11ms},
      Migrating{.from = NodeId(12),
                .to = NodeId(13),
                .since = EventIndex(14),
                .begun_at = 18ms,
                .step = MoveStep::slowed_down,
                .ended = true,
                .landed = true,
                .called_off = EventIndex(15),
                .given_up = true,
                .progress = progress()},
      Stopping{.on = NodeId(15),
               .since = EventIndex(16),
               .asked_at = 17ms,
               .force = StopForce::power_off},
      Unsure{},
      Alarm{.what = raw("it runs twice")},
  };
  for (std::int32_t number = 1; const Phase& phase : phases) {
    state.vms.emplace(VmId("x" + std::to_string(number)), vm(number, phase));
    ++number;
  }
  for (const auto kind : {RuleKind::together, RuleKind::apart, RuleKind::on, RuleKind::off}) {
    const RuleId name("r" + std::to_string(static_cast<int>(kind)));
    state.rules[name] = rule(kind);
    state.rules[name].name = name;
  }
  state.policy = {.restart_tries_here = 5,
                  .restart_tries_elsewhere = 6,
                  .failback = Failback::go_home,
                  .on_shutdown = OnShutdown::hold,
                  .quarantine_losses = 7,
                  .quarantine_window_s = 8};
  return state;
}

std::vector<Message> sample_messages() {
  return {
      Hello{.view_key = large,
            .index = EventIndex(2),
            .epoch = Epoch(3),
            .term = 9,
            .fingerprint = large - 1,
            .incarnation = 4,
            .live = true,
            .configured = {{NodeId(5), "node0"}, {NodeId(6), "node1"}},
            .format = 7,
            .release = "0.1.0",
            .needs_format = 8,
            .lost_quorum = true},
      SnapshotChunk{.view_key = large, .part = 2, .parts = 3, .bytes = raw("piece")},
      Proposal{.epoch = Epoch(1),
               .event = sample_events().back(),
               .from = NodeId(2),
               .incarnation = large,
               .request = 3},
      Persisted{.epoch = Epoch(1), .index = EventIndex(2)},
      DrillAsked{.drill = large, .of = NodeId(2), .kind = DrillKind::watchdog},
      DrillReported{.drill = large,
                    .to = NodeId(2),
                    .refused = raw("it is frozen"),
                    .report = {.has_watchdog = true,
                               .peers = {{.node = NodeId(3),
                                          .up = true,
                                          .devices = {{.device = raw("strip"),
                                                       .level = 2,
                                                       .plug = raw("4"),
                                                       .outlet = Outlet::off,
                                                       .trouble = raw("no answer")}},
                                          .hypervisor = "QEMU 7.2.15",
                                          .way_trouble = raw("Connection refused")}},
                               .alarms = {raw("the disk is full")}}},
  };
}

}  // namespace upbeat
