// SPDX-License-Identifier: Apache-2.0
// A whole cluster behind one Service, in memory.
#include "api/service_twin.h"

#include <algorithm>
#include <charconv>

#include "core/apply.h"
#include "core/decide.h"
#include "core/requests.h"

namespace upbeat {
namespace {

constexpr std::uint64_t kib_per_mib = 1024;
constexpr std::chrono::milliseconds report_time{10};
constexpr std::uint64_t copy_rate_kib_per_s = 200 * kib_per_mib;

/// What stands between the first <tag> and </tag>; "" if there is none.
std::string between(const std::string& text, const std::string& tag) {
  const std::size_t open = text.find("<" + tag + ">");
  const std::size_t close = text.find("</" + tag + ">");
  if (open == std::string::npos || close == std::string::npos) return "";
  const std::size_t begin = open + tag.size() + 2;
  return text.substr(begin, close - begin);
}

}  // namespace

ServiceTwin::ServiceTwin(Clock& clock, TwinWorld world) : clock_(clock), world_(world) {
  for (std::uint32_t id = 1; id <= world_.nodes; ++id) hosts_[NodeId{id}] = {};
  view();
  for (const auto& [node, host] : hosts_) report(node);
  tick();
}

void ServiceTwin::request(const Event& event, std::function<void(Result<void>)> done) {
  clock_.post([this, event, done = std::move(done)] {
    if (!refusal.empty()) return done(fail(refusal));
    if (auto granted = check_request(state_, event); !granted) return done(granted);
    apply(event);
    done({});
  });
}

Result<VmDefined> ServiceTwin::read_definition(const std::string& domain_xml,
                                               std::int32_t priority) {
  const std::string name = between(domain_xml, "name");
  const std::string memory = between(domain_xml, "memory");
  std::uint32_t memory_mib = 0;
  const auto [end, error] =
      std::from_chars(memory.data(), memory.data() + memory.size(), memory_mib);
  const bool number = error == std::errc{} && end == memory.data() + memory.size();
  if (name.empty() || !number)
    return fail("the domain XML has no <name>, or no <memory> that is a number: add it");
  VmDefined defined{.vm = VmId{name}, .spec = {}};
  defined.spec.uuid = "uuid-of-" + name;
  defined.spec.memory_kib = memory_mib * kib_per_mib;
  defined.spec.priority = priority;
  defined.spec.domain_xml = domain_xml;
  return defined;
}

Result<std::vector<HistoryLine>> ServiceTwin::history(EventIndex after, std::size_t limit,
                                                      const std::string& subject) {
  std::vector<HistoryLine> found;
  for (const HistoryLine& line : history_)
    if (line.index > after && (subject.empty() || line.subject == subject)) found.push_back(line);
  if (found.size() > limit)
    found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(limit));
  return found;
}

Result<std::uint64_t> ServiceTwin::begin_drill() {
  if (!refusal.empty()) return fail(refusal);
  if (drill_ && !is_over(drill_->answers)) return drill_->drill;
  drill_ = DrillSoFar{
      .drill = drill_ ? drill_->drill + 1 : 1, .begun_wall_ms = clock_.wall_ms(), .answers = {}};
  for (const auto& [node, host] : hosts_) drill_->answers[node] = {};
  later(world_.drill_time, [this] {
    for (auto& [node, answer] : drill_->answers) answer = seen_by(node);
  });
  return drill_->drill;
}

MemberAnswer ServiceTwin::seen_by(NodeId member) const {
  const auto silent = silent_in_drills.find(member);
  if (silent != silent_in_drills.end() || !hosts_.at(member).powered) {
    return {.answering = Answering::silent,
            .trouble = silent == silent_in_drills.end() ? "it is not online" : silent->second,
            .report = {}};
  }
  MemberAnswer answer{.answering = Answering::answered, .trouble = {}, .report = {}};
  for (const auto& [node, host] : hosts_) {
    if (node == member) continue;
    const bool on = host.powered && !outlets_off.contains({member, node});
    answer.report.peers.push_back({.node = node,
                                   .up = host.powered,
                                   .devices = {{.device = "strip",
                                                .plug = std::to_string(node.get()),
                                                .outlet = on ? Outlet::on : Outlet::off}},
                                   .hypervisor = host.powered ? "QEMU 7.2.15" : "",
                                   .way_trouble = {}});
  }
  return answer;
}

void ServiceTwin::drill_watchdog(NodeId node, std::function<void(Result<void>)> done) {
  clock_.post([this, node, done = std::move(done)] {
    if (!refusal.empty()) return done(fail(refusal));
    if (state_.nodes.at(node).watchdog.count() == 0) return done(fail("it has no watchdog"));
    apply(NodeLeaving{.node = node});
    done({});
    later(world_.stop_time, [this, node] {
      if (watchdogs_work) return reset_by_watchdog(node);
      apply(NodeLeaving{.node = node, .stays = true});
    });
  });
}

void ServiceTwin::reset_by_watchdog(NodeId node) {
  cut_power(node);
  later(world_.boot_time, [this, node] {
    hosts_.at(node).powered = true;
    ++hosts_.at(node).incarnation;
    view();
    report(node);
  });
}

Timer ServiceTwin::follow(HistoryListener listener) {
  const auto kept = std::make_shared<HistoryListener>(std::move(listener));
  followers_.push_back(kept);
  return Timer(kept);
}

void ServiceTwin::apply(const Event& event) {
  state_ = upbeat::apply(std::move(state_), event);
  std::vector<HistoryLine> lines;
  for (const LogLine& line : state_.log)
    lines.push_back({.index = state_.index,
                     .wall_ms = clock_.wall_ms(),
                     .subject = line.subject,
                     .text = line.text});
  history_.insert(history_.end(), lines.begin(), lines.end());
  std::erase_if(followers_, [](const auto& follower) { return follower.expired(); });
  for (const auto& entry : std::vector(followers_))
    if (const auto follower = entry.lock()) (*follower)(lines);
  if (work_posted_) return;
  work_posted_ = true;
  clock_.post([this] {
    work_posted_ = false;
    work();
  });
}

void ServiceTwin::run_vm(const std::string& name, std::uint64_t memory_mib) {
  const auto defined = read_definition("<domain><name>" + name + "</name><memory>" +
                                           std::to_string(memory_mib) + "</memory></domain>",
                                       0);
  apply(defined.value());
  apply(VmWanted{.vm = VmId{name}, .wanted = Wanted::running});
}

void ServiceTwin::cut_power(NodeId node) {
  hosts_.at(node).powered = false;
  hosts_.at(node).guests.clear();
  view();
}

void ServiceTwin::start_behind_our_back(const std::string& name) {
  for (auto& [node, host] : hosts_) {
    if (host.guests.insert(VmId{name}).second) report(node);
  }
}

void ServiceTwin::hurry(int factor) {
  tick_step_ = tick_time / factor;
  tick();
}

void ServiceTwin::view() {
  const Continuity continuity = state_.epoch == Epoch{} ? Continuity::cold : Continuity::warm;
  ViewChanged change{.epoch = Epoch{state_.epoch.get() + 1},
                     .continuity = continuity,
                     .here = {},
                     .configured = {}};
  for (const auto& [node, host] : hosts_) {
    if (host.powered) change.here.push_back({.id = node, .incarnation = host.incarnation});
    change.configured.push_back({.id = node, .name = "node" + std::to_string(node.get())});
  }
  apply(change);
}

void ServiceTwin::report(NodeId node) {
  const Host& host = hosts_.at(node);
  if (!host.powered) return;
  InventoryReported seen{
      .node = node,
      .incarnation = host.incarnation,
      .as_of = state_.index,
      .capacity = {.memory_kib = world_.memory_mib_each * kib_per_mib, .cores = 4},
      .guests = {},
      .busy = {host.busy.begin(), host.busy.end()},
      .ended = {}};
  for (const VmId& vm : host.guests)
    seen.guests.push_back({.vm = vm, .memory_kib = 0, .sighting = Sighting::running});
  apply(seen);
}

void ServiceTwin::work() {
  if (auto decisions = decide(state_); !decisions.empty())
    apply(Decided{.view = state_.epoch, .decisions = std::move(decisions)});
  std::set<std::pair<NodeId, Duty>> current;
  for (const auto& [node, host] : hosts_) {
    if (!host.powered) continue;
    for (const Duty& duty : duties(state_, node)) current.emplace(node, duty);
  }
  std::erase_if(taken_up_, [&](const auto& entry) { return !current.contains(entry); });
  for (const auto& [node, duty] : current) {
    if (!taken_up_.emplace(node, duty).second) continue;
    std::visit([&, self = node](const auto& one) { take_up(self, one); }, duty);
  }
}

void ServiceTwin::take_up(NodeId self, const RunHere& duty) {
  hosts_.at(self).busy.insert(duty.vm);
  later(world_.start_time, [this, self, duty] {
    hosts_.at(self).busy.erase(duty.vm);
    if (fail_to_start.contains(duty.vm.get())) {
      apply(VmStartFailed{
          .vm = duty.vm, .on = self, .since = duty.since, .why = "its disk is not there"});
    } else {
      hosts_.at(self).guests.insert(duty.vm);
    }
    report(self);
  });
}

void ServiceTwin::take_up(NodeId self, const SendAway& duty) {
  hosts_.at(self).busy.insert(duty.vm);
  hosts_.at(duty.to).busy.insert(duty.vm);
  move_on(self, duty, 1);
}

void ServiceTwin::move_on(NodeId self, const SendAway& duty, std::uint32_t step) {
  later(world_.move_step_time, [this, self, duty, step] {
    if (!taken_up_.contains({self, Duty{duty}})) {
      hosts_.at(self).busy.erase(duty.vm);
      hosts_.at(duty.to).busy.erase(duty.vm);
      return;
    }
    const std::uint64_t total_kib = state_.vms.at(duty.vm).spec.memory_kib;
    const bool endless = never_arrive.contains(duty.vm.get());
    const std::uint32_t at = endless ? std::min(step, world_.move_steps / 2) : step;
    apply(MigrationProgressed{.vm = duty.vm,
                              .memory_total_kib = total_kib,
                              .memory_left_kib = total_kib - total_kib * at / world_.move_steps,
                              .rate_kib_per_s = copy_rate_kib_per_s,
                              .dirty_kib_per_s = endless ? 2 * copy_rate_kib_per_s : 0});
    if (endless || step < world_.move_steps) return move_on(self, duty, step + 1);
    hosts_.at(self).busy.erase(duty.vm);
    hosts_.at(duty.to).busy.erase(duty.vm);
    hosts_.at(self).guests.erase(duty.vm);
    hosts_.at(duty.to).guests.insert(duty.vm);
    apply(MigrationEnded{.vm = duty.vm,
                         .from = self,
                         .to = duty.to,
                         .since = duty.since,
                         .success = true,
                         .why = {},
                         .total_ms = 900,
                         .downtime_ms = 12});
    report(duty.to);
    report(self);
  });
}

void ServiceTwin::take_up(NodeId self, const CallOff& duty) {
  later(world_.move_step_time, [this, self, duty] {
    hosts_.at(self).busy.erase(duty.vm);
    apply(MigrationEnded{.vm = duty.vm,
                         .from = self,
                         .to = duty.to,
                         .since = duty.since,
                         .success = false,
                         .why = "it was called off"});
    report(self);
  });
}

void ServiceTwin::take_up(NodeId self, const EndHere& duty) {
  later(world_.stop_time, [this, self, duty] {
    hosts_.at(self).guests.erase(duty.vm);
    report(self);
  });
}

void ServiceTwin::take_up(NodeId self, const ProveOff& duty) {
  later(report_time, [this, self, duty] {
    apply(FenceReported{
        .node = duty.node,
        .by = self,
        .proved_off = fencing_works,
        .detail = fencing_works ? "the outlet is off" : "the power strip does not answer"});
  });
}

void ServiceTwin::take_up(NodeId self, const ReportInventory& /*duty*/) {
  later(report_time, [this, self] { report(self); });
}

void ServiceTwin::later(std::chrono::milliseconds delay, std::function<void()> call) {
  const std::uint64_t number = next_timer_++;
  timers_[number] = clock_.after(delay, [this, number, call = std::move(call)] {
    const Timer done = std::exchange(timers_[number], Timer());
    timers_.erase(number);
    call();
  });
}

void ServiceTwin::tick() {
  tick_timer_ = clock_.after(tick_step_, [this] {
    apply(Tick{tick_time});
    tick();
  });
}

}  // namespace upbeat
