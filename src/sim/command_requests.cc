// SPDX-License-Identifier: Apache-2.0
// The commands of a timeline that ask the cluster, as an operator does, or concern a guest.
#include <map>
#include <optional>

#include "core/text.h"
#include "sim/command_words.h"
#include "sim/first_state.h"
#include "sim/scenario_words.h"
#include "sim/world.h"

namespace upbeat {
namespace {

Deed want(const std::string& vm, const std::string& verb, Wanted wanted, StopForce force) {
  return
      [=](World& world) { world.ask(VmWanted{VmId(vm), wanted, force}, "vm " + vm + " " + verb); };
}

Deed read_failback(Words& words, const std::string& vm) {
  std::map<std::string, std::optional<Failback>> choices{{"default", std::nullopt}};
  for (const auto& [word, value] : failback_words()) choices[word] = value;
  const auto failback = words.choice(choices);
  return
      [=](World& world) { world.ask(VmFailbackSet{VmId(vm), failback}, "vm " + vm + " failback"); };
}

/// The VMs, the nodes and the strictness at the end of a rule's command.
void read_rule_words(Words& words, ScenarioRule& rule) {
  static const std::map<std::string, Strictness> strictnesses{
      {"strict", Strictness::strict}, {"best-effort", Strictness::best_effort}};
  while (true) {
    const auto word = words.next("strict or best-effort");
    const auto strictness = strictnesses.find(word);
    if (strictness != strictnesses.end() && !words.more()) {
      rule.strictness = strictness->second;
      return;
    }
    if (words.is_vm(word)) {
      rule.vms.push_back(word);
    } else if (words.is_node(word)) {
      rule.nodes.push_back(word);
    } else {
      return words.wrong(Words::quoted(word) +
                         " is neither a VM, nor a node, nor strict or best-effort");
    }
  }
}

}  // namespace

namespace {

using Budget = std::optional<std::chrono::milliseconds>;

/// `upbeat drain --within`; nothing: as long as it takes.
Budget read_budget(Words& words) { return words.more() ? Budget(words.seconds()) : std::nullopt; }

std::string budget_words(const Budget& budget) {
  return budget ? " within " + seconds(*budget) : "";
}

}  // namespace

Deed read_drain(Words& words) {
  const auto node = words.node();
  const auto budget = read_budget(words);
  return [=](World& world) {
    world.ask(DrainRequested{world.id_of(node), DrainCause::operator_request, "", budget},
              "drain " + node + budget_words(budget));
  };
}

Deed read_undrain(Words& words) {
  const auto node = words.node();
  return [=](World& world) { world.ask(UndrainRequested{world.id_of(node)}, "undrain " + node); };
}

Deed read_drill(Words& /*words*/) {
  return [](World& world) { world.drill(); };
}

Deed read_watchdog_drill(Words& words) {
  const auto node = words.node();
  return [=](World& world) { world.drill_watchdog(node); };
}

Deed read_maintenance(Words& words) {
  const auto node = words.node();
  const bool on = words.choice<bool>({{"on", true}, {"off", false}});
  const auto budget = on ? read_budget(words) : std::nullopt;
  return [=](World& world) {
    const auto id = world.id_of(node);
    const auto cause = DrainCause::maintenance;
    if (on) {
      return world.ask(DrainRequested{id, cause, "", budget},
                       "maintenance " + node + " on" + budget_words(budget));
    }
    world.ask(UndrainRequested{id}, "maintenance " + node + " off");
  };
}

Deed read_confirm_off(Words& words) {
  const auto node = words.node();
  return [=](World& world) {
    world.ask(OffConfirmed{world.id_of(node), "the operator"}, "confirm-off " + node);
  };
}

Deed read_rule_command(Words& words) {
  ScenarioRule rule{.name = words.next("a rule's name")};
  if (words.skip("remove")) {
    return [=](World& world) {
      world.ask(RuleRemoved{RuleId(rule.name)}, "rule " + rule.name + " remove");
    };
  }
  rule.kind = words.choice(rule_kind_words());
  read_rule_words(words, rule);
  if (is_pairwise(rule.kind)) {
    if (rule.vms.size() < 2) words.wrong("it names less than two VMs");
    if (!rule.nodes.empty()) words.wrong("a rule of this kind takes no nodes");
  } else {
    if (rule.vms.empty()) words.wrong("it names no VM");
    if (rule.nodes.empty()) words.wrong("it names no node");
  }
  return [=](World& world) {
    world.ask(RuleDefined{rule_of(world.scenario(), rule)}, "rule " + rule.name);
  };
}

Deed read_policy_command(Words& words) {
  PolicySet asked;
  const auto key = words.next("a key of the policy");
  if (key == "restart_tries_here") {
    asked.restart_tries_here = words.count(restart_tries_limit);
  } else if (key == "restart_tries_elsewhere") {
    asked.restart_tries_elsewhere = words.count(restart_tries_limit);
  } else if (key == "failback") {
    asked.failback = words.choice(failback_words());
  } else if (key == "on_shutdown") {
    asked.on_shutdown = words.choice(on_shutdown_words());
  } else if (key == "quarantine_losses") {
    asked.quarantine_losses = words.count(quarantine_losses_limit);
  } else if (key == "quarantine_window_s") {
    asked.quarantine_window_s = words.count(quarantine_window_most_s);
  } else {
    words.wrong(Words::quoted(key) + " is no key of the policy");
  }
  return [=](World& world) { world.ask(asked, "policy " + key); };
}

Deed read_vm_command(Words& words) {
  const auto vm = words.vm();
  const VmId id(vm);
  const auto verb = words.next("what to do with the VM");
  if (verb == "start") return want(vm, verb, Wanted::running, StopForce::ask);
  if (verb == "stop") return want(vm, verb, Wanted::stopped, StopForce::ask);
  if (verb == "force-off") return want(vm, verb, Wanted::stopped, StopForce::power_off);
  if (verb == "remove") return want(vm, verb, Wanted::removed, StopForce::power_off);
  if (verb == "migrate") {
    const auto node = words.more() ? words.node() : "";
    return [=](World& world) {
      std::optional<NodeId> to;
      if (!node.empty()) to = world.id_of(node);
      world.ask(VmMigrateRequested{id, to},
                "vm " + vm + " migrate" + (node.empty() ? "" : " ") + node);
    };
  }
  if (verb == "failback") return read_failback(words, vm);
  if (verb == "crash" || verb == "power-off") {
    return [=](World& world) {
      auto* host = world.host_of(vm);
      if (host == nullptr) return;
      verb == "crash" ? host->kill_guest(id) : host->power_off_guest(id);
    };
  }
  if (verb == "fail-next-start") {
    const auto times = words.count();
    return [=](World& world) { world.hosts().fail_next_starts(id, times); };
  }
  if (verb == "deaf" || verb == "obeys") {
    const auto manner = verb == "deaf" ? ShutdownManner::refuses : ShutdownManner::obeys;
    return [=](World& world) {
      auto traits = world.hosts().traits(id);
      traits.manner = manner;
      world.hosts().set_traits(id, traits);
    };
  }
  if (verb == "dirties") {
    const auto rate = words.count();
    return [=](World& world) {
      auto traits = world.hosts().traits(id);
      traits.dirty_kib_per_s = std::uint64_t{rate} * 1024;
      world.hosts().set_traits(id, traits);
    };
  }
  words.wrong(Words::quoted(verb) + " is nothing that a VM does");
  return {};
}

}  // namespace upbeat
