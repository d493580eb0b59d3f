// SPDX-License-Identifier: Apache-2.0
// State to JSON, field by field, in the order in which people want to read it.
#include "api/view.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/printable.h"
#include "core/evacuation.h"
#include "core/explain.h"
#include "core/policy_text.h"
#include "core/rules.h"

namespace upbeat {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kib_per_mib = 1024;

template <class... Cases>
struct Match : Cases... {
  using Cases::operator()...;
};

std::uint64_t mib(std::uint64_t kib) { return kib / kib_per_mib; }

/// Rounded up, so that 0 means that nothing is left.
std::uint64_t mib_left(std::uint64_t kib) { return (kib + kib_per_mib - 1) / kib_per_mib; }

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::value name_or_null(const State& state, NodeId node) {
  return node == NodeId{} ? json::value(nullptr) : json::value(name_of(state, node));
}

std::string wanted_word(Wanted wanted) {
  switch (wanted) {
    case Wanted::stopped:
      return "stopped";
    case Wanted::running:
      return "running";
    case Wanted::removed:
      return "removed";
  }
  return "unknown";
}

/// The cluster time since which the node stands so; null where the state does not keep it.
json::value standing_since(const Standing& standing) {
  return std::visit(Match{[](const Unseen& it) { return json::value(it.since.count()); },
                          [](const Lost& it) { return json::value(it.since.count()); },
                          [](const auto&) { return json::value(nullptr); }},
                    standing);
}

std::string cause_word(DrainCause cause) {
  switch (cause) {
    case DrainCause::operator_request:
      return "operator";
    case DrainCause::shutdown:
      return "shutdown";
    case DrainCause::maintenance:
      return "maintenance";
    case DrainCause::battery:
      return "battery";
    case DrainCause::failing:
      return "failing";
  }
  return "unknown";
}

json::value drain_view(const std::optional<Drain>& drain) {
  if (!drain) return nullptr;
  return json::object{{"cause", cause_word(drain->cause)},
                      {"why", text_or_null(drain->why)},
                      {"since_ms", drain->since.count()},
                      {"ends_ms", drain->deadline ? json::value(drain->deadline->at.count())
                                                  : json::value(nullptr)}};
}

json::value quarantine_view(const std::optional<Quarantine>& quarantine) {
  if (!quarantine) return nullptr;
  return json::object{{"why", text_or_null(quarantine->why)},
                      {"since_ms", quarantine->since.count()}};
}

json::value fencing_view(const State& state, const std::optional<Fencing>& fencing) {
  if (!fencing) return nullptr;
  return json::object{{"by", name_or_null(state, fencing->by)},
                      {"failures", fencing->failures},
                      {"next_try_ms", fencing->next_try.count()},
                      {"last_error", text_or_null(fencing->last_error)}};
}

json::array foreign_view(const std::vector<GuestSeen>& foreign) {
  json::array list;
  for (const GuestSeen& guest : foreign)
    list.push_back(json::object{{"name", guest.vm.get()}, {"memory_mib", mib(guest.memory_kib)}});
  return list;
}

std::int64_t guests_of(const State& state, NodeId node) {
  return static_cast<std::int64_t>(state.vms.on(node).size());
}

/// When the migration should be over: null while the guest writes faster than memory is copied.
json::value expected_ms(const MigrationProgressed& progress) {
  if (progress.memory_left_kib == 0) return 0;
  if (progress.rate_kib_per_s <= progress.dirty_kib_per_s) return nullptr;
  const std::uint64_t gain_kib_per_s = progress.rate_kib_per_s - progress.dirty_kib_per_s;
  return progress.memory_left_kib * 1000 / gain_kib_per_s;
}

std::uint64_t percent_done(const MigrationProgressed& progress) {
  if (progress.memory_total_kib == 0) return 0;
  const std::uint64_t left = std::min(progress.memory_left_kib, progress.memory_total_kib);
  return (progress.memory_total_kib - left) * 100 / progress.memory_total_kib;
}

json::value progress_view(const std::optional<MigrationProgressed>& progress) {
  if (!progress) return nullptr;
  return json::object{{"memory_total_mib", mib(progress->memory_total_kib)},
                      {"memory_left_mib", mib_left(progress->memory_left_kib)},
                      {"rate_mib_per_s", mib(progress->rate_kib_per_s)},
                      {"dirty_mib_per_s", mib(progress->dirty_kib_per_s)},
                      {"percent", percent_done(*progress)},
                      {"expected_ms", expected_ms(*progress)}};
}

json::value last_move_view(const State& state, const std::optional<MigrationEnded>& move) {
  if (!move) return nullptr;
  return json::object{{"from", name_of(state, move->from)}, {"to", name_of(state, move->to)},
                      {"success", move->success},           {"why", text_or_null(move->why)},
                      {"total_ms", move->total_ms},         {"downtime_ms", move->downtime_ms}};
}

/// What the phase says about places and time.
struct Whereabouts {
  NodeId node;  ///< where it runs, or is meant to: 0 for nowhere
  NodeId from;
  NodeId to;
  json::value running_since = nullptr;
  json::value progress = nullptr;
  json::value alarm = nullptr;
};

Whereabouts whereabouts(const Phase& phase) {
  Whereabouts at;
  std::visit(Match{[&](const Starting& it) { at.node = it.on; },
                   [&](const Running& it) {
                     at.node = it.on;
                     at.running_since = it.since.count();
                   },
                   [&](const Migrating& it) {
                     at.node = it.from;
                     at.from = it.from;
                     at.to = it.to;
                     at.progress = progress_view(it.progress);
                   },
                   [&](const Stopping& it) { at.node = it.on; },
                   [&](const Alarm& it) { at.alarm = json::value(it.what); }, [](const auto&) {}},
             phase);
  return at;
}

json::array names_of(const State& state, const std::map<NodeId, EventIndex>& nodes) {
  json::array names;
  for (const auto& [node, since] : nodes) names.emplace_back(name_of(state, node));
  return names;
}

/// What troubles this daemon, and what the cluster knows that an operator should look at.
json::array alarms_view(const State& state, const DaemonStatus& daemon) {
  json::array alarms(daemon.alarms.begin(), daemon.alarms.end());
  for (const auto& [id, node] : state.nodes) {
    if (!node.quarantine) continue;
    alarms.emplace_back(name_of(state, id) + " is quarantined: " + node.quarantine->why +
                        "; `upbeat undrain " + name_of(state, id) + "` ends that");
  }
  return alarms;
}

json::object daemon_view(const State& state, const DaemonStatus& daemon) {
  return {{"self", name_or_null(state, daemon.self)},
          {"trouble", text_or_null(daemon.trouble)},
          {"alarms", alarms_view(state, daemon)}};
}

json::object cluster_view(const State& state, const DaemonStatus& daemon) {
  return {{"quorate", daemon.quorate},
          {"epoch", state.epoch.get()},
          {"index", state.index.get()},
          {"now_ms", state.now.count()},
          {"coordinator", name_or_null(state, coordinator(state))}};
}

}  // namespace

namespace {

/// Whether and how soon the node could be emptied; null for one that is not here.
json::value outlook_view(const State& state, NodeId node) {
  if (online(state, node) == nullptr) return nullptr;
  const auto future = outlook(state, node);
  json::array stranded;
  for (const auto& [vm, why] : future.stranded) {
    stranded.emplace_back(json::object{{"vm", vm.get()}, {"why", why}});
  }
  return json::object{
      {"empties_in_ms", stranded.empty() ? json::value(future.takes.count()) : nullptr},
      {"stranded", std::move(stranded)}};
}

}  // namespace

json::object node_view(const State& state, NodeId node) {
  const NodeRecord& record = state.nodes.at(node);
  const auto* proved = std::get_if<ProvedOff>(&record.standing);
  return {{"name", name_of(state, node)},
          {"id", node.get()},
          {"standing", standing_word(state, node)},
          {"since_ms", standing_since(record.standing)},
          {"proof", proved == nullptr ? json::value(nullptr) : text_or_null(proved->proof)},
          {"capacity_mib", mib(record.capacity.memory_kib)},
          {"free_mib", mib(free_memory_kib(state, node))},
          {"cores", record.capacity.cores},
          {"guests", guests_of(state, node)},
          {"foreign", foreign_view(record.foreign)},
          {"outlook", outlook_view(state, node)},
          {"drain", drain_view(record.drain)},
          {"quarantine", quarantine_view(record.quarantine)},
          {"fencing", fencing_view(state, record.fencing)},
          {"watchdog_ms", record.watchdog.count()}};
}

json::object vm_view(const State& state, const VmId& vm) {
  const VmRecord& record = state.vms.at(vm);
  Whereabouts at = whereabouts(record.phase);
  return {{"name", vm.get()},
          {"phase", phase_word(record)},
          {"node", name_or_null(state, at.node)},
          {"from", name_or_null(state, at.from)},
          {"to", name_or_null(state, at.to)},
          {"progress", std::move(at.progress)},
          {"running_since_ms", std::move(at.running_since)},
          {"wanted", wanted_word(record.wanted)},
          {"wants_move", record.wants_move},
          {"move_to", name_or_null(state, record.move_to.value_or(NodeId{}))},
          {"priority", record.spec.priority},
          {"memory_mib", mib(record.spec.memory_kib)},
          {"cores", record.spec.cores},
          {"uuid", record.spec.uuid},
          {"waits_for", text_or_null(record.waits_for)},
          {"given_up", record.given_up},
          {"alarm", std::move(at.alarm)},
          {"last_error", text_or_null(record.last_error)},
          {"last_move", last_move_view(state, record.last_move)},
          {"may_run_on", names_of(state, record.may_run_on)},
          {"home", name_or_null(state, record.home)},
          {"failback",
           record.failback ? json::value(failback_word(*record.failback)) : json::value(nullptr)},
          {"held_for", name_or_null(state, record.held_for)}};
}

json::object vm_full_view(const State& state, const VmId& vm) {
  json::object view = vm_view(state, vm);
  view["domain_xml"] = state.vms.at(vm).spec.domain_xml;
  return view;
}

std::string kind_word(RuleKind kind) {
  switch (kind) {
    case RuleKind::together:
      return "together";
    case RuleKind::apart:
      return "apart";
    case RuleKind::on:
      return "on";
    case RuleKind::off:
      return "off";
  }
  return "unknown";
}

std::string strictness_word(Strictness strictness) {
  return strictness == Strictness::strict ? "strict" : "best-effort";
}

json::object rule_view(const State& state, const RuleId& rule) {
  const Rule& record = state.rules.at(rule);
  json::array vms;
  for (const VmId& vm : record.vms) vms.emplace_back(vm.get());
  json::array nodes;
  for (const NodeId node : record.nodes) nodes.emplace_back(name_of(state, node));
  return {{"name", rule.get()},
          {"kind", kind_word(record.kind)},
          {"strictness", strictness_word(record.strictness)},
          {"vms", std::move(vms)},
          {"nodes", std::move(nodes)},
          {"text", rule_text(state, record)},
          {"broken", text_or_null(breach_of(state, record))}};
}

json::object policy_view(const Policy& policy) {
  return {{"restart_tries_here", policy.restart_tries_here},
          {"restart_tries_elsewhere", policy.restart_tries_elsewhere},
          {"failback", failback_word(policy.failback)},
          {"on_shutdown", on_shutdown_word(policy.on_shutdown)},
          {"quarantine_losses", policy.quarantine_losses},
          {"quarantine_window_s", policy.quarantine_window_s}};
}

json::object status_view(const State& state, const DaemonStatus& daemon) {
  json::array nodes;
  for (const auto& [node, record] : state.nodes) nodes.push_back(node_view(state, node));
  json::array vms;
  for (const auto& [vm, record] : state.vms) vms.push_back(vm_view(state, vm));
  json::array rules;
  for (const auto& [rule, record] : state.rules) rules.push_back(rule_view(state, rule));
  return {{"daemon", daemon_view(state, daemon)},
          {"cluster", cluster_view(state, daemon)},
          {"nodes", std::move(nodes)},
          {"vms", std::move(vms)},
          {"rules", std::move(rules)},
          {"policy", policy_view(state.policy)}};
}

json::object history_view(const HistoryLine& line) {
  return {{"index", line.index.get()},
          {"wall_ms", line.wall_ms},
          {"subject", line.subject},
          {"text", line.text}};
}

json::array history_view(const std::vector<HistoryLine>& lines) {
  json::array list;
  for (const HistoryLine& line : lines) list.push_back(history_view(line));
  return list;
}

json::object error_view(const std::string& text) {
  return {{"error", printable(text, error_limit_bytes)}};
}

std::string json_line(const json::value& value) {
  return valid_utf8(json::serialize(value)) + "\n";
}

}  // namespace upbeat
