// SPDX-License-Identifier: Apache-2.0
// Why a guest or a node is as it is, in sentences.
#include "core/explain.h"

#include <algorithm>

#include "core/deadline.h"
#include "core/evacuation.h"
#include "core/placement.h"
#include "core/policy_text.h"
#include "core/rules.h"
#include "core/text.h"

namespace upbeat {
namespace {

template <class... Ts>
struct Cases : Ts... {
  using Ts::operator()...;
};

std::string nodes_text(const State& state, const VmRecord& vm) {
  std::string text;
  for (const auto& [node, since] : vm.may_run_on) {
    text += (text.empty() ? "" : ", ") + name_of(state, node);
  }
  return text.empty() ? "no node" : text;
}

/// That the guest waits for proof, where a node that is not here may be running it.
void explain_lost_hosts(const State& state, const VmRecord& vm, std::vector<std::string>& lines) {
  std::string lost;
  std::size_t count = 0;
  for (const auto& [node, since] : vm.may_run_on) {
    if (online(state, node) != nullptr) continue;
    lost += (count++ == 0 ? "" : ", ") + name_of(state, node);
  }
  if (count == 0) return;
  lines.push_back("It may be running on " + lost + (count == 1 ? ", which is" : ", which are") +
                  " not here; it starts elsewhere only once " +
                  (count == 1 ? lost + " is" : "they are") + " proved off.");
}

std::string wanted_text(Wanted wanted) {
  switch (wanted) {
    case Wanted::running:
      return "It is wanted running.";
    case Wanted::stopped:
      return "It is wanted stopped.";
    case Wanted::removed:
      return "It is to be removed.";
  }
  return {};
}

std::string fencing_text(const State& state, const NodeRecord& node) {
  const auto& fencing = *node.fencing;
  std::string text;
  if (fencing.by != NodeId()) text = name_of(state, fencing.by) + " is proving it off.";
  if (fencing.failures > 0) {
    text += (text.empty() ? "" : " ") + std::string("Proving it off failed ") +
            std::to_string(fencing.failures) + " times, last: " + fencing.last_error + ".";
  }
  if (fencing.by == NodeId() && fencing.next_try > state.now) {
    text += " The next try is in " + seconds(fencing.next_try - state.now) + ".";
  }
  if (fencing.failures > 0) {
    text += " Say `upbeat node confirm-off " + node.name + "` if you know that it is.";
  }
  return text;
}

/// The rules that name the guest, how they are broken, and why that stays so.
void explain_rules(const State& state, const VmId& id, std::vector<std::string>& lines) {
  bool broken = false;
  for (const auto& [name, rule] : state.rules) {
    if (!std::ranges::binary_search(rule.vms, id)) continue;
    const auto breach = breach_of(state, rule);
    broken = broken || (rule.strictness == Strictness::strict && !breach.empty());
    lines.push_back("Rule '" + name.get() + "' " + rule_text(state, rule) +
                    (breach.empty() ? "." : "; it is broken now: " + breach + "."));
  }
  if (!broken || !std::holds_alternative<Running>(state.vms.at(id).phase)) return;
  if (const auto elsewhere = place(state, id); !elsewhere) {
    lines.push_back("It has no better place now: " + elsewhere.error() + ".");
  }
}

void explain_home(const State& state, const VmId& id, std::vector<std::string>& lines) {
  const auto& vm = state.vms.at(id);
  const auto* running = std::get_if<Running>(&vm.phase);
  if (vm.home == NodeId() || running == nullptr || running->on == vm.home) return;
  std::string line = "Its home is " + name_of(state, vm.home);
  if (home_to_return_to(state, vm) == NodeId()) {
    line += ", and it stays where it is (failback " +
            failback_word(vm.failback.value_or(state.policy.failback)) + ")";
  } else if (const auto fit = fits(state, id, vm.home); fit) {
    line += ", and it goes back there";
  } else {
    line += ", and it goes back there once that can be: " + fit.error();
  }
  lines.push_back(line + ".");
}

}  // namespace

std::string phase_word(const VmRecord& vm) {
  return std::visit(Cases{[&](const Stopped&) -> std::string {
                            if (vm.given_up) return "given-up";
                            return vm.wanted == Wanted::running ? "waiting" : "stopped";
                          },
                          [](const Starting&) -> std::string { return "starting"; },
                          [](const Running&) -> std::string { return "running"; },
                          [](const Migrating&) -> std::string { return "migrating"; },
                          [](const Stopping&) -> std::string { return "stopping"; },
                          [](const Unsure&) -> std::string { return "unsure"; },
                          [](const Alarm&) -> std::string { return "alarm"; }},
                    vm.phase);
}

std::string standing_word(const State& state, NodeId node) {
  const auto found = state.nodes.find(node);
  if (found == state.nodes.end()) return "unknown";
  return std::visit(Cases{[](const Unseen&) -> std::string { return "unseen"; },
                          [&](const Online& here) -> std::string {
                            if (here.leaving) return "leaving";
                            if (here.incarnation == 0) return "daemon-away";
                            if (const auto& drain = found->second.drain) {
                              if (drain->cause == DrainCause::maintenance) return "maintenance";
                              return is_empty(state, node) ? "drained" : "draining";
                            }
                            if (found->second.quarantine) return "quarantined";
                            return here.reported ? "online" : "joining";
                          },
                          [](const Lost&) -> std::string { return "lost"; },
                          [](const Left&) -> std::string { return "left"; },
                          [](const ProvedOff&) -> std::string { return "off"; }},
                    found->second.standing);
}

std::vector<std::string> explain_vm(const State& state, const VmId& id) {
  const auto found = state.vms.find(id);
  if (found == state.vms.end()) return {"There is no VM " + id.get() + "."};
  const auto& vm = found->second;
  std::vector<std::string> lines{wanted_text(vm.wanted)};
  std::visit(Cases{[&](const Stopped&) { lines.emplace_back("It runs nowhere."); },
                   [&](const Starting& s) {
                     lines.push_back("It is starting on " + name_of(state, s.on) + ".");
                   },
                   [&](const Running& r) {
                     const auto node = name_of(state, r.on);
                     lines.push_back(online(state, r.on) == nullptr
                                         ? "It ran on " + node + " when that was last seen."
                                         : "It runs on " + node + ", for " +
                                               seconds(state.now - r.since) + ".");
                   },
                   [&](const Migrating& m) {
                     lines.push_back(
                         m.called_off ? "It was on its way to " + name_of(state, m.to) +
                                            ", which was proved off; " + name_of(state, m.from) +
                                            " has yet to say that it has it still."
                         : m.given_up ? "It was on its way to " + name_of(state, m.to) +
                                            ", and is kept on " + name_of(state, m.from) +
                                            ", whose time runs out."
                                      : "It is moving live from " + name_of(state, m.from) +
                                            " to " + name_of(state, m.to) + ".");
                   },
                   [&](const Stopping& s) {
                     lines.push_back("It is stopping on " + name_of(state, s.on) + ".");
                   },
                   [&](const Unsure&) {
                     lines.push_back("It may be running on " + nodes_text(state, vm) +
                                     "; what is seen there will tell.");
                   },
                   [&](const Alarm& a) { lines.push_back("Alarm: " + a.what + "."); }},
             vm.phase);
  explain_lost_hosts(state, vm, lines);
  if (!vm.waits_for.empty()) lines.push_back("It waits: " + vm.waits_for + ".");
  if (const auto* running = std::get_if<Running>(&vm.phase)) {
    if (const auto left = last_call_in(state, running->on); left && *left > ClusterTime{0}) {
      lines.push_back("If it has not left in " + seconds(*left) +
                      ", it is shut down and boots where there is room.");
    }
  }
  if (vm.not_before > state.now) {
    lines.push_back("The next try is in " + seconds(vm.not_before - state.now) + ".");
  }
  if (!vm.last_error.empty()) lines.push_back("The last error was: " + vm.last_error + ".");
  explain_home(state, id, lines);
  explain_rules(state, id, lines);
  return lines;
}

std::vector<std::string> explain_node(const State& state, NodeId id) {
  const auto found = state.nodes.find(id);
  if (found == state.nodes.end()) return {"There is no such node."};
  const auto& node = found->second;
  std::vector<std::string> lines{node.name + " is " + standing_word(state, id) + "."};
  if (const auto* off = std::get_if<ProvedOff>(&node.standing)) {
    lines.push_back("The proof: " + off->proof + ".");
  }
  if (const auto due = reset_due_in(state, node)) {
    lines.push_back("Its watchdog will have reset it in " + seconds(*due) + ".");
  } else if (node.watchdog.count() > 0 && online(state, id) != nullptr) {
    lines.push_back("Its watchdog resets it within " + seconds(node.watchdog) +
                    " once it has lost touch with the cluster.");
  }
  if (node.drain) {
    const bool maintenance = node.drain->cause == DrainCause::maintenance;
    lines.push_back(
        (maintenance ? "It has been in maintenance for " : "It has been draining for ") +
        seconds(state.now - node.drain->since) + in_brackets(node.drain->why) + ".");
    if (const auto left = time_left(state, id)) {
      lines.push_back("It goes down within " + seconds(*left) + "; what is left on it " +
                      (is_last_call(state, id)
                           ? "is being shut down."
                           : "in " + seconds(*last_call_in(state, id)) + " is shut down."));
    }
  }
  if (const auto* lost = std::get_if<Lost>(&node.standing);
      lost != nullptr && lost->daemon_went_first && state.now - lost->since < restart_grace) {
    lines.push_back("Its daemon went first, as when Corosync is restarted: it has " +
                    seconds(restart_grace - (state.now - lost->since)) +
                    " to be back before it is proved off.");
  }
  if (const auto* lost = std::get_if<Lost>(&node.standing);
      lost != nullptr && state.now < lost->settles_at) {
    lines.push_back("It was not back when quorum was regained: it has " +
                    seconds(lost->settles_at - state.now) + " to come before it is proved off.");
  }
  if (node.quarantine) {
    lines.push_back("It is quarantined and takes no VMs: " + node.quarantine->why +
                    ". `upbeat undrain " + node.name + "` ends that, as does a time of " +
                    whole_span(std::chrono::duration_cast<std::chrono::seconds>(quarantine_quiet)) +
                    " without another loss.");
  }
  if (node.fencing) lines.push_back(fencing_text(state, node));
  std::string guests;
  for (const auto& [vm, record] : state.vms) {
    if (record.may_run_on.contains(id)) guests += (guests.empty() ? "" : ", ") + vm.get();
  }
  lines.push_back(guests.empty() ? "No VM may be running there."
                                 : "VMs that may be running there: " + guests + ".");
  if (online(state, id) != nullptr) {
    lines.push_back(mib(free_memory_kib(state, id)) + " of " + mib(node.capacity.memory_kib) +
                    " for guests are free.");
    const auto future = outlook(state, id);
    for (const auto& one : future.stranded) {
      lines.push_back("It could not be emptied now: " + one.why + ".");
    }
    if (future.stranded.empty() && !is_empty(state, id)) {
      lines.push_back("It can be emptied within some " + seconds(future.takes) + ".");
    }
  }
  if (!node.foreign.empty()) {
    lines.push_back(std::to_string(node.foreign.size()) + " guests there are not Upbeat's.");
  }
  return lines;
}

}  // namespace upbeat
