// SPDX-License-Identifier: Apache-2.0
// A cluster in a test: the real core, and hosts that do at once what their duties ask.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/apply.h"
#include "core/decide.h"
#include "core/duties.h"
#include "core/invariants.h"

namespace upbeat {

/// Drives the core by hand and checks the invariants after every step. Node n has id n and the name
/// "node<n>"; a VM's memory is in MiB.
class TestCluster {
 public:
  explicit TestCluster(std::vector<std::uint32_t> nodes, std::uint64_t mib_each = 896) {
    for (const auto id : nodes) {
      hosts_[NodeId(id)] = {.powered = true, .incarnation = next_incarnation_++};
      configured_.push_back({NodeId(id), "node" + std::to_string(id)});
    }
    mib_ = mib_each;
    view(Continuity::cold);
    report_all();
  }

  State state;

  void apply(const Event& event) {
    const State before = state;
    state = upbeat::apply(std::move(state), event);
    for (const auto& broken : {broken_invariants(before, event, state), broken_invariants(state)}) {
      ASSERT_TRUE(broken.empty()) << broken.front();
    }
    for (const auto& line : state.log) log.push_back(line.subject + " " + line.text);
    ASSERT_NO_FATAL_FAILURE(nothing_runs_twice());
  }

  // --- the world ---------------------------------------------------------------------------------
  void cut_power(std::uint32_t node) {
    hosts_[NodeId(node)].powered = false;
    hosts_[NodeId(node)].guests.clear();
  }
  void power_on(std::uint32_t node) {
    hosts_[NodeId(node)] = {.powered = true, .incarnation = next_incarnation_++};
  }
  void restart_daemon(std::uint32_t node) {
    hosts_[NodeId(node)].incarnation = next_incarnation_++;
  }
  void stop_daemon(std::uint32_t node) { hosts_[NodeId(node)].incarnation = 0; }
  void separate(std::uint32_t node) { hosts_[NodeId(node)].separated = true; }
  void rejoin(std::uint32_t node) { hosts_[NodeId(node)].separated = false; }
  void kill_guest(const std::string& vm) {
    for (auto& [id, host] : hosts_) host.guests.erase(VmId(vm));
  }
  void start_behind_our_back(const std::string& vm, std::uint32_t node) {
    hosts_[NodeId(node)].guests.insert(VmId(vm));
  }
  std::set<std::string> fail_start;         ///< guests that do not start
  std::set<std::string> fail_migrate;       ///< guests that do not move
  std::set<std::string> stubborn;           ///< guests that do not shut down when asked
  std::map<std::string, MoveStep> endless;  ///< guests that arrive only if helped so far
  std::set<std::string> stuck;              ///< guests whose migrations do not end by themselves
  bool fence_works = true;
  bool others_start_guests = false;  ///< then a guest can run twice, and it is not our doing

  [[nodiscard]] std::set<NodeId> hosts_of(const std::string& vm) const {
    std::set<NodeId> on;
    for (const auto& [id, host] : hosts_) {
      if (host.guests.contains(VmId(vm))) on.insert(id);
    }
    return on;
  }
  [[nodiscard]] std::uint32_t host_of(const std::string& vm) const {
    const auto on = hosts_of(vm);
    return on.size() == 1 ? on.begin()->get() : 0;
  }

  // --- events ------------------------------------------------------------------------------------
  void view(Continuity continuity = Continuity::warm) {
    ViewChanged change{.epoch = Epoch(state.epoch.get() + 1), .continuity = continuity};
    change.configured = configured_;
    for (const auto& [id, host] : hosts_) {
      if (here(host)) change.here.push_back({id, host.incarnation});
    }
    apply(change);
  }
  void report(std::uint32_t node, std::vector<VmId> busy = {}) {
    report_as_of(node, state.index, std::move(busy));
  }
  void report_as_of(std::uint32_t node, EventIndex as_of, std::vector<VmId> busy = {}) {
    const auto& host = hosts_[NodeId(node)];
    InventoryReported news{.node = NodeId(node),
                           .incarnation = host.incarnation,
                           .as_of = as_of,
                           .capacity = {mib_ * 1024, 4},
                           .busy = std::move(busy)};
    for (const auto& vm : host.guests) news.guests.push_back({vm, 0, Sighting::running});
    apply(news);
  }
  void report_incoming(std::uint32_t node, const std::string& vm) {
    InventoryReported news{.node = NodeId(node),
                           .incarnation = hosts_[NodeId(node)].incarnation,
                           .as_of = state.index,
                           .capacity = {mib_ * 1024, 4}};
    news.guests.push_back({VmId(vm), 0, Sighting::incoming});
    apply(news);
  }
  void report_all() {
    for (const auto& [id, host] : hosts_) {
      if (here(host) && host.incarnation != 0) report(id.get());
    }
  }
  void define(const std::string& vm, std::uint64_t mib = 256, std::int32_t priority = 0) {
    VmDefined defined{.vm = VmId(vm)};
    defined.spec.uuid = "uuid-of-" + vm;
    defined.spec.memory_kib = mib * 1024;
    defined.spec.priority = priority;
    apply(defined);
  }
  void want(const std::string& vm, Wanted wanted = Wanted::running) {
    apply(VmWanted{VmId(vm), wanted});
  }
  void run(const std::string& vm, std::uint64_t mib = 256, std::int32_t priority = 0) {
    define(vm, mib, priority);
    want(vm);
    settle();
  }
  void rule(const std::string& name, RuleKind kind, const std::vector<std::string>& vms,
            const std::vector<std::uint32_t>& nodes = {},
            Strictness strictness = Strictness::strict) {
    Rule rule{.name = RuleId(name), .kind = kind, .strictness = strictness};
    for (const auto& vm : vms) rule.vms.emplace_back(vm);
    for (const auto node : nodes) rule.nodes.emplace_back(node);
    apply(RuleDefined{rule});
  }
  void migrate(const std::string& vm, std::optional<std::uint32_t> to = {}) {
    VmMigrateRequested asked{.vm = VmId(vm)};
    if (to) asked.to = NodeId(*to);
    apply(asked);
  }
  void drain(std::uint32_t node, DrainCause cause = DrainCause::operator_request,
             std::optional<std::chrono::milliseconds> budget = {}) {
    apply(DrainRequested{NodeId(node), cause, "test", budget});
  }
  void pass(std::chrono::milliseconds span) {
    while (span.count() > 0) {
      const auto step = std::min(span, tick_limit);
      apply(Tick{step});
      span -= step;
      settle();
    }
  }
  /// One round of the coordinator's decisions; false if there were none.
  bool decide_once() {
    auto decisions = decide(state);
    if (decisions.empty()) return false;
    apply(Decided{state.epoch, std::move(decisions)});
    return true;
  }
  /// Decisions and duties until nothing is left to do.
  void settle() {
    for (int round = 0; round < round_limit; ++round) {
      const bool decided = decide_once();
      if (!do_duties() && !decided) return;
    }
    FAIL() << "the cluster does not come to rest; last: " << (log.empty() ? "" : log.back());
  }
  [[nodiscard]] bool said(const std::string& part) const {
    return std::ranges::any_of(log, [&](const auto& line) { return line.contains(part); });
  }
  /// Lines of the log that hold this part.
  [[nodiscard]] std::ptrdiff_t times_said(const std::string& part) const {
    return std::ranges::count_if(log, [&](const auto& line) { return line.contains(part); });
  }
  [[nodiscard]] const VmRecord& vm(const std::string& name) const {
    return state.vms.at(VmId(name));
  }
  [[nodiscard]] const NodeRecord& node(std::uint32_t id) const {
    return state.nodes.at(NodeId(id));
  }
  [[nodiscard]] bool is_running(const std::string& name) const {
    return std::holds_alternative<Running>(vm(name).phase);
  }

  std::vector<std::string> log;

 private:
  struct Host {
    bool powered = false;
    bool separated = false;
    std::uint64_t incarnation = 0;
    std::set<VmId> guests;
  };
  static constexpr int round_limit = 200;

  static bool here(const Host& host) { return host.powered && !host.separated; }

  /// What the node would report: guests that it is still to start are not denied.
  void report_at_work(NodeId id) {
    std::vector<VmId> busy;
    for (const auto& duty : duties(state, id)) {
      const auto* start = std::get_if<RunHere>(&duty);
      if (start != nullptr && !hosts_[id].guests.contains(start->vm)) busy.push_back(start->vm);
    }
    report(id.get(), std::move(busy));
  }
  bool do_duties() {
    bool did = false;
    for (auto& [id, host] : hosts_) {
      if (!here(host)) continue;
      for (const auto& duty : duties(state, id)) {
        did = std::visit([&](const auto& one) { return do_duty(id, host, one); }, duty) || did;
      }
    }
    return did;
  }
  bool do_duty(NodeId id, Host& host, const RunHere& duty) {
    if (fail_start.contains(duty.vm.get())) {
      apply(VmStartFailed{duty.vm, id, duty.since, "no such device"});
    } else {
      host.guests.insert(duty.vm);
    }
    report_at_work(id);
    return true;
  }
  bool do_duty(NodeId id, Host& host, const SendAway& duty) {
    const auto help = endless.find(duty.vm.get());
    if (help != endless.end() && duty.step < help->second) return false;
    if (stuck.contains(duty.vm.get())) return false;
    auto& target = hosts_[duty.to];
    const bool works =
        here(target) && !fail_migrate.contains(duty.vm.get()) && host.guests.contains(duty.vm);
    if (works) {
      host.guests.erase(duty.vm);
      target.guests.insert(duty.vm);
    }
    MigrationEnded ended{.vm = duty.vm, .from = id, .to = duty.to, .since = duty.since};
    ended.success = works;
    ended.why = works ? "" : "connection refused";
    apply(ended);
    report_at_work(id);
    if (here(target) && target.incarnation != 0) report_at_work(duty.to);
    return true;
  }
  bool do_duty(NodeId id, Host& /*host*/, const CallOff& duty) {
    MigrationEnded ended{.vm = duty.vm, .from = id, .to = duty.to, .since = duty.since};
    ended.why = "called off";
    apply(ended);
    report_at_work(id);
    return true;
  }
  bool do_duty(NodeId id, Host& host, const EndHere& duty) {
    if (duty.force == StopForce::ask && stubborn.contains(duty.vm.get())) return false;
    host.guests.erase(duty.vm);
    report_at_work(id);
    return true;
  }
  bool do_duty(NodeId id, Host& /*host*/, const ProveOff& duty) {
    if (fence_works) cut_power(duty.node.get());
    apply(FenceReported{duty.node, id, fence_works, fence_works ? "outlet off" : "no answer"});
    return true;
  }
  bool do_duty(NodeId id, Host& /*host*/, const ReportInventory& /*duty*/) {
    const State before = state;
    report_at_work(id);
    return before.vms != state.vms || before.nodes != state.nodes;
  }
  void nothing_runs_twice() const {
    for (const auto& [id, record] : state.vms) {
      const auto on = hosts_of(id.get());
      if (others_start_guests) continue;
      ASSERT_LE(on.size(), 1U) << id.get() << " runs twice";
      for (const auto host : on) {
        ASSERT_TRUE(record.may_run_on.contains(host) || std::holds_alternative<Alarm>(record.phase))
            << id.get() << " runs on node" << host.get() << ", which is not in may_run_on";
      }
    }
  }

  std::map<NodeId, Host> hosts_;
  std::vector<NodeNamed> configured_;
  std::uint64_t next_incarnation_ = 1;
  std::uint64_t mib_ = 0;
};

}  // namespace upbeat
