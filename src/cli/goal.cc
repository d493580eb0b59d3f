// SPDX-License-Identifier: Apache-2.0
// When is a drain over, a VM started, stopped, moved, gone?
#include "cli/goal.h"

#include <algorithm>
#include <boost/json.hpp>

#include "cli/fields.h"
#include "cli/tables.h"

namespace upbeat::cli {
namespace {

namespace json = boost::json;

Verdict goes_on() { return {}; }
Verdict done(std::string text) { return {Judgement::done, std::move(text)}; }
Verdict failed(std::string text) { return {Judgement::failed, std::move(text)}; }

/// A goal about one VM; `judge` is only asked while the VM is there and no alarm stands.
Goal vm_goal(const std::string& vm, std::string on_leave,
             std::function<Verdict(const json::value& vm)> judge) {
  return {.subject = vm,
          .on_leave = std::move(on_leave),
          .judge =
              [vm, judge = std::move(judge)](const json::value& status) {
                const json::value* record = named_in(list_in(status, "vms"), vm);
                if (record == nullptr) return failed(vm + " is not there any more: it was removed");
                if (text_in(*record, "phase") == "alarm")
                  return failed(vm + " is left alone: " + text_in(*record, "alarm") +
                                "; `upbeat explain " + vm + "` says more");
                return judge(*record);
              },
          .concerns = [vm](const json::value& record) { return text_in(record, "name") == vm; }};
}

bool may_run_on(const json::value& vm, const std::string& node) {
  return std::ranges::any_of(list_in(vm, "may_run_on"), [&](const auto& name) {
    return name.is_string() && name.get_string() == node.c_str();
  });
}

Verdict judge_drain(const std::string& name, const json::value& status) {
  const json::value* node = named_in(list_in(status, "nodes"), name);
  if (node == nullptr) return failed("there is no node " + name + " any more");
  const std::string standing = text_in(*node, "standing");
  if (standing == "drained" || standing == "leaving" || standing == "left")
    return done(name + " is drained: no VM is left on it");
  if (standing == "lost" || standing == "off")
    return failed(name +
                  " was lost while it was drained; its VMs start elsewhere as soon as it is "
                  "proved off");
  if (part_of(*node, "drain") == nullptr)
    return failed("the drain of " + name + " was taken back, VMs may still be on it");
  return goes_on();
}

Verdict judge_maintenance(const std::string& name, const json::value& status) {
  const json::value* node = named_in(list_in(status, "nodes"), name);
  if (node == nullptr) return failed("there is no node " + name + " any more");
  const json::value* drain = part_of(*node, "drain");
  if (drain == nullptr || text_in(*drain, "cause") != "maintenance")
    return failed("the maintenance of " + name + " was ended, VMs may still be on it");
  if (number_in(*node, "guests") == 0)
    return done(name + " is in maintenance: no VM is left on it");
  return goes_on();
}

Verdict judge_handover(const std::string& name, const json::value& status) {
  const json::value* node = named_in(list_in(status, "nodes"), name);
  if (node == nullptr) return failed("there is no node " + name + " any more");
  if (text_in(*node, "standing") == "leaving" || text_in(*node, "standing") == "left")
    return done(name + " goes down: no VM is left on it");
  if (part_of(*node, "drain") == nullptr) return done(name + " does not go down");
  return goes_on();
}

Verdict judge_start(const std::string& name, const json::value& vm) {
  const std::string phase = text_in(vm, "phase");
  if (text_in(vm, "wanted") != "running")
    return failed(name + " is not wanted running any more: somebody else stopped it");
  if (phase == "running" || phase == "migrating")
    return done(name + " runs on " + text_in(vm, "node"));
  if (phase == "given-up")
    return failed(name + " could not be started: " + text_in(vm, "waits_for") +
                  "; `upbeat vm start " + name + "` tries again");
  return goes_on();
}

Verdict judge_stop(const std::string& name, const json::value& vm) {
  if (text_in(vm, "wanted") == "running")
    return failed(name + " is wanted running again: somebody else started it");
  return text_in(vm, "phase") == "stopped" ? done(name + " is stopped") : goes_on();
}

std::string why_it_stayed(const json::value& vm) {
  if (const std::string waits_for = text_in(vm, "waits_for"); !waits_for.empty()) return waits_for;
  if (const json::value* move = part_of(vm, "last_move"); move != nullptr)
    if (const std::string why = text_in(*move, "why"); !why.empty()) return why;
  return "`upbeat events --subject " + text_in(vm, "name") + "` says why";
}

Verdict judge_migration(const std::string& from, const std::string& to, const json::value& vm) {
  const std::string name = text_in(vm, "name");
  const std::string phase = text_in(vm, "phase");
  if (is_true(vm, "wants_move") || phase == "migrating" || phase == "unsure") return goes_on();
  if (phase != "running") return failed(name + " does not run any more: it is " + phase);
  const std::string node = text_in(vm, "node");
  if (node == from || (!to.empty() && node != to))
    return failed(name + " could not be moved and runs on " + node + ": " + why_it_stayed(vm));
  std::string text = name + " runs on " + node;
  if (const json::value* move = part_of(vm, "last_move"); move != nullptr)
    text += ", paused for " + std::to_string(number_in(*move, "downtime_ms")) + " ms";
  return done(text);
}

}  // namespace

Goal drain_goal(const std::string& node) {
  return {.subject = node,
          .on_leave = "the drain goes on; `upbeat undrain " + node + "` stops it",
          .judge = [node](const json::value& status) { return judge_drain(node, status); },
          .concerns = [node](const json::value& vm) { return may_run_on(vm, node); }};
}

Goal maintenance_goal(const std::string& node) {
  return {.subject = node,
          .on_leave = "the maintenance goes on; `upbeat maintenance " + node + " off` ends it",
          .judge = [node](const json::value& status) { return judge_maintenance(node, status); },
          .concerns = [node](const json::value& vm) { return may_run_on(vm, node); }};
}

Goal handover_goal(const std::string& node) {
  return {.subject = node,
          .on_leave = "its VMs go on leaving it",
          .judge = [node](const json::value& status) { return judge_handover(node, status); },
          .concerns = [node](const json::value& vm) { return may_run_on(vm, node); }};
}

Goal start_goal(const std::string& vm) {
  return vm_goal(vm, vm + " goes on starting; `upbeat vm stop " + vm + "` stops it",
                 [vm](const json::value& record) { return judge_start(vm, record); });
}

Goal stop_goal(const std::string& vm) {
  return vm_goal(vm, vm + " goes on shutting down; `upbeat vm start " + vm + "` starts it again",
                 [vm](const json::value& record) { return judge_stop(vm, record); });
}

Goal migrate_goal(const std::string& vm, const std::string& from, const std::string& to) {
  return vm_goal(
      vm, "the migration goes on; `upbeat status` shows it",
      [from, to](const json::value& record) { return judge_migration(from, to, record); });
}

Goal remove_goal(const std::string& vm) {
  Goal goal = vm_goal(vm, "the removal goes on; `upbeat status` shows it",
                      [](const json::value& /*vm*/) { return goes_on(); });
  goal.judge = [vm, judge = std::move(goal.judge)](const json::value& status) {
    if (named_in(list_in(status, "vms"), vm) == nullptr) return done(vm + " is removed");
    return judge(status);
  };
  return goal;
}

std::string vm_progress_text(const json::value& vm) {
  const std::string phase = text_in(vm, "phase");
  const std::string node = text_in(vm, "node");
  if (phase == "migrating") {
    const std::string path = node + " -> " + text_in(vm, "to") + "  ";
    const json::value* progress = part_of(vm, "progress");
    return path + (progress == nullptr ? "begins" : progress_text(*progress));
  }
  std::string text = phase + (node.empty() ? "" : " on " + node);
  std::string why = text_in(vm, "waits_for");
  if (why.empty()) why = text_in(vm, "alarm");
  return text + (why.empty() ? "" : ", waits: " + why);
}

}  // namespace upbeat::cli
