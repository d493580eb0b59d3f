// SPDX-License-Identifier: Apache-2.0
// Nodes and VMs as people read them.
#include "cli/tables.h"

#include <algorithm>
#include <boost/json.hpp>

#include "cli/fields.h"

namespace upbeat::cli {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

constexpr std::int64_t bar_width = 10;  // so that a whole line fits 80 columns

std::string mib_text(std::int64_t mib) { return std::to_string(mib) + " MiB"; }

/// How long ago something was; nothing for what makes no sense.
milliseconds since(std::int64_t then_ms, std::int64_t now_ms) {
  return milliseconds(then_ms < 0 || now_ms < then_ms ? 0 : now_ms - then_ms);
}

void add_note(std::string& notes, const std::string& note) {
  if (!note.empty()) notes += (notes.empty() ? "" : "; ") + note;
}

/// How long a node has that cannot wait; it goes down by then.
std::string time_left_note(const json::value& drain, std::int64_t now_ms) {
  if (part_of(drain, "ends_ms") == nullptr) return {};
  return ", goes down within " + duration_text(since(now_ms, number_in(drain, "ends_ms")));
}

std::string drain_note(const json::value& drain, std::int64_t now_ms) {
  const std::string why = text_in(drain, "why");
  const std::string cause = text_in(drain, "cause");
  return (cause == "shutdown"      ? "for shutdown"
          : cause == "maintenance" ? "maintenance"
          : cause == "battery"     ? "on battery"
          : cause == "failing"     ? "about to fail"
                                   : "drain asked for") +
         (why.empty() ? "" : " (" + why + ")") + ", since " +
         duration_text(since(number_in(drain, "since_ms"), now_ms)) + time_left_note(drain, now_ms);
}

std::string fencing_note(const json::value& fencing) {
  std::string note;
  if (const std::string by = text_in(fencing, "by"); !by.empty()) note = by + " proves it off";
  if (const std::int64_t failures = number_in(fencing, "failures"); failures > 0)
    add_note(note, "proving it off failed " + std::to_string(failures) +
                       " times: " + text_in(fencing, "last_error"));
  return note;
}

/// How soon the node could be empty: "41 s", "no", or nothing for one that has nothing to empty.
std::string empties_in(const json::value& node) {
  const json::value* outlook = part_of(node, "outlook");
  if (outlook == nullptr || number_in(node, "guests") == 0) return {};
  if (!list_in(*outlook, "stranded").empty()) return "no";
  return duration_text(milliseconds(number_in(*outlook, "empties_in_ms")));
}

std::string stranded_note(const json::value& node) {
  const json::value* outlook = part_of(node, "outlook");
  if (outlook == nullptr) return {};
  const json::array& stranded = list_in(*outlook, "stranded");
  if (stranded.empty()) return {};
  const auto more = stranded.size() - 1;
  return "cannot be emptied: " + text_in(stranded.front(), "why") +
         (more == 0 ? "" : " (and " + std::to_string(more) + " more)");
}

std::string node_note(const json::value& node, std::int64_t now_ms) {
  std::string note;
  if (part_of(node, "since_ms") != nullptr)
    add_note(note, "for " + duration_text(since(number_in(node, "since_ms"), now_ms)));
  add_note(note, text_in(node, "proof"));
  if (const json::value* drain = part_of(node, "drain")) add_note(note, drain_note(*drain, now_ms));
  if (const json::value* fencing = part_of(node, "fencing")) add_note(note, fencing_note(*fencing));
  std::string foreign;
  for (const json::value& guest : list_in(node, "foreign"))
    foreign += (foreign.empty() ? "" : ", ") + text_in(guest, "name");
  if (!foreign.empty()) add_note(note, "not Upbeat's: " + foreign);
  add_note(note, stranded_note(node));
  return note;
}

std::string vm_place(const json::value& vm) {
  const std::string to = text_in(vm, "to");
  return text_in(vm, "node") + (to.empty() ? "" : " -> " + to);
}

std::string vm_note(const json::value& vm) {
  std::string note;
  if (const json::value* progress = part_of(vm, "progress")) {
    note = std::to_string(number_in(*progress, "percent")) + " %";
    if (part_of(*progress, "expected_ms") != nullptr)
      note += ", " + duration_text(milliseconds(number_in(*progress, "expected_ms"))) + " to go";
  }
  const std::string alarm = text_in(vm, "alarm");
  const std::string waits_for = text_in(vm, "waits_for");
  if (!waits_for.contains(alarm)) add_note(note, alarm);
  add_note(note, waits_for);
  const std::string phase = text_in(vm, "phase");
  if (phase == "unsure") add_note(note, "may run on " + joined(vm, "may_run_on"));
  if (text_in(vm, "wanted") == "removed") add_note(note, "is being removed");
  if (note.empty() && phase != "running" && phase != "stopped") note = text_in(vm, "last_error");
  return note;
}

std::string cluster_text(const json::value& status, Colours colours) {
  const json::value none = json::object{};
  const json::value* cluster = part_of(status, "cluster");
  const json::value* daemon = part_of(status, "daemon");
  if (cluster == nullptr) cluster = &none;
  if (daemon == nullptr) daemon = &none;
  const bool quorate = is_true(*cluster, "quorate");
  const std::string coordinator = text_in(*cluster, "coordinator");
  std::string text =
      "Cluster: " +
      (quorate ? paint("quorate", Colour::good, colours)
               : paint("no quorum here", Colour::bad, colours)) +
      ", view " + std::to_string(number_in(*cluster, "epoch")) +
      (coordinator.empty() ? "" : ", " + coordinator + " coordinates") +
      (text_in(*daemon, "self").empty() ? "" : ", seen from " + text_in(*daemon, "self")) + "\n";
  if (const std::string trouble = text_in(*daemon, "trouble"); !trouble.empty())
    text += paint("Trouble: " + trouble, Colour::bad, colours) + "\n";
  for (const json::value& alarm : list_in(*daemon, "alarms"))
    if (alarm.is_string()) text += paint("Alarm: " + text_of(alarm), Colour::bad, colours) + "\n";
  return text;
}

std::int64_t now_ms_of(const json::value& status) {
  const json::value* cluster = part_of(status, "cluster");
  return cluster == nullptr ? 0 : number_in(*cluster, "now_ms");
}

}  // namespace

std::string nodes_text(const json::value& status, Colours colours) {
  const json::array& nodes = list_in(status, "nodes");
  if (nodes.empty()) return "No nodes: the cluster has not met yet.\n";
  Table table({{"NODE"},
               {"STATE"},
               {"VMS", Align::right},
               {"FREE", Align::right},
               {"OF", Align::right},
               {"EMPTIES IN", Align::right},
               {"NOTE"}});
  for (const json::value& node : nodes) {
    const std::string word = text_in(node, "standing");
    table.add({text_in(node, "name"),
               {word, colour_of_word(word)},
               std::to_string(number_in(node, "guests")),
               mib_text(number_in(node, "free_mib")),
               mib_text(number_in(node, "capacity_mib")),
               empties_in(node),
               node_note(node, now_ms_of(status))});
  }
  return table.text(colours);
}

std::string vms_text(const json::value& status, Colours colours) {
  const json::array& vms = list_in(status, "vms");
  if (vms.empty()) return "No VMs: `upbeat vm define FILE` defines one.\n";
  const bool priorities =
      std::ranges::any_of(vms, [](const auto& vm) { return number_in(vm, "priority") != 0; });
  Table table({{"VM"},
               {"STATE"},
               {"NODE"},
               {"MEMORY", Align::right},
               {"PRIORITY", Align::right},
               {"NOTE"}});
  for (const json::value& vm : vms) {
    const std::string word = text_in(vm, "phase");
    table.add({text_in(vm, "name"),
               {word, colour_of_word(word)},
               vm_place(vm),
               mib_text(number_in(vm, "memory_mib")),
               priorities ? std::to_string(number_in(vm, "priority")) : "",
               vm_note(vm)});
  }
  return table.text(colours);
}

std::string rules_text(const json::value& list, Colours colours) {
  const json::array& rules = list_in(list, "rules");
  if (rules.empty()) return "No rules: `upbeat rule add NAME apart VM VM` defines one.\n";
  Table table({{"RULE"}, {"STATE"}, {"WHAT IT DOES"}, {"NOTE"}});
  for (const json::value& rule : rules) {
    const std::string broken = text_in(rule, "broken");
    const bool strict = text_in(rule, "strictness") == "strict";
    const Colour colour = broken.empty() ? Colour::good : (strict ? Colour::bad : Colour::busy);
    table.add({text_in(rule, "name"),
               {broken.empty() ? "holds" : "broken", colour},
               text_in(rule, "text"),
               broken});
  }
  return table.text(colours);
}

std::string policy_text(const json::value& policy) {
  Table table({{"KEY"}, {"VALUE"}, {"MEANING"}});
  const auto add = [&](const char* key, const std::string& value, const char* meaning) {
    table.add({{key}, {value}, {meaning}});
  };
  add("restart_tries_here", std::to_string(number_in(policy, "restart_tries_here")),
      "how often a VM that fails is tried where it was");
  add("restart_tries_elsewhere", std::to_string(number_in(policy, "restart_tries_elsewhere")),
      "and then on other nodes, before it is given up");
  add("failback", text_in(policy, "failback"),
      "stay, or return: whether VMs go back to their home");
  add("on_shutdown", text_in(policy, "on_shutdown"),
      "migrate, restart or hold: what a node that goes down does to its VMs");
  add("quarantine_losses", std::to_string(number_in(policy, "quarantine_losses")),
      "how often a node is lost before it takes no VMs when it is back; 0: never");
  add("quarantine_window_s", std::to_string(number_in(policy, "quarantine_window_s")),
      "the seconds within which that counts");
  return table.text(Colours::none);
}

std::string status_text(const json::value& status, Colours colours) {
  return cluster_text(status, colours) + "\n" + nodes_text(status, colours) + "\n" +
         vms_text(status, colours);
}

std::string progress_text(const json::value& progress) {
  const std::int64_t percent = std::clamp<std::int64_t>(number_in(progress, "percent"), 0, 100);
  const std::int64_t filled = percent * bar_width / 100;
  const std::string number = std::to_string(percent);
  std::string text = "[" + std::string(static_cast<std::size_t>(filled), '#') +
                     std::string(static_cast<std::size_t>(bar_width - filled), '-') + "] " +
                     std::string(3 - number.size(), ' ') + number + " %  " +
                     mib_text(number_in(progress, "memory_left_mib")) + " left  " +
                     mib_text(number_in(progress, "rate_mib_per_s")) + "/s  ";
  if (part_of(progress, "expected_ms") == nullptr) return text + "no end in sight";
  return text + duration_text(milliseconds(number_in(progress, "expected_ms"))) + " to go";
}

}  // namespace upbeat::cli
