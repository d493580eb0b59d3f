// SPDX-License-Identifier: Apache-2.0
// One line of a scenario's timeline: read once, checked against the scenario's names, done later.
#include "sim/command.h"

#include <algorithm>
#include <map>

#include "sim/command_words.h"
#include "sim/world.h"

namespace upbeat {
namespace {

/// A message that takes longer is a message that is lost: Corosync's token of a second is gone.
constexpr std::uint32_t latency_limit_ms = 500;

using Reader = Deed (*)(Words&);

Deed read_power(Words& words) {
  const auto node = words.node();
  using Verb = void (World::*)(const std::string&);
  const auto verb = words.choice<Verb>(
      {{"on", &World::power_on}, {"off", &World::press_power}, {"cut", &World::cut_power}});
  return [=](World& world) { (world.*verb)(node); };
}

Deed read_network(Words& words) {
  const auto node = words.node();
  const bool on = words.choice<bool>({{"on", true}, {"off", false}});
  return [=](World& world) { world.set_cable(node, on); };
}

Deed read_link(Words& words) {
  const auto a = words.node();
  const auto b = words.node();
  const bool on = words.choice<bool>({{"on", true}, {"off", false}});
  return [=](World& world) { world.set_link(a, b, on); };
}

Deed read_latency(Words& words) {
  const auto node = words.node();
  const std::chrono::milliseconds span(words.count(latency_limit_ms));
  return [=](World& world) { world.set_latency(node, span); };
}

Deed read_flap(Words& words) {
  const auto node = words.node();
  const auto times = static_cast<int>(words.count(1000));
  const auto span = words.seconds();
  return [=](World& world) { world.flap(node, times, span); };
}

Deed read_partition(Words& words) {
  std::map<std::string, int> parts;
  // "partition node0 node1 | node2 node3": nodes of one part hear each other.
  for (int part = 1; words.more();) {
    if (words.skip("|")) {
      ++part;
    } else {
      parts[words.node()] = part;
    }
  }
  return [=](World& world) { world.partition(parts); };
}

Deed read_heal(Words& /*words*/) {
  return [](World& world) { world.heal_network(); };
}

Deed read_repair(Words& /*words*/) {
  return [](World& world) { world.repair_everything(); };
}

template <GoingTo To>
Deed read_shutdown(Words& words) {
  const auto node = words.node();
  return [=](World& world) { world.machine(node).shut_down(To); };
}

Deed read_cancel_shutdown(Words& words) {
  const auto node = words.node();
  return [=](World& world) { world.machine(node).cancel_shutdown(); };
}

/// What ails a host in a story.
constexpr const char* illness = "its memory reports errors that it cannot correct";

Deed read_health(Words& words) {
  const auto node = words.node();
  if (words.choice<bool>({{"ill", true}, {"well", false}})) {
    return [=](World& world) { world.machine(node).ail(illness); };
  }
  return [=](World& world) { world.machine(node).recover(); };
}

Deed read_fence_device(Words& words) {
  const auto node = words.node();
  const auto fault = words.choice<OutletFault>({{"ok", OutletFault::none},
                                                {"broken", OutletFault::unreachable},
                                                {"lies", OutletFault::lying},
                                                {"babbles", OutletFault::garbage}});
  const auto attempts =
      words.more() ? static_cast<int>(words.count(1'000'000)) : SimulatedPowerStrip::for_good;
  return [=](World& world) { world.break_fence_device(node, fault, attempts); };
}

Deed read_daemon(Words& words) {
  const auto node = words.node();
  const auto verb = words.next("what to do with the daemon");
  if (verb == "kill") return [=](World& world) { world.machine(node).kill_daemon(); };
  if (verb == "start") return [=](World& world) { world.machine(node).start_daemon(); };
  if (verb == "stop") return [=](World& world) { world.machine(node).stop_daemon(); };
  if (verb == "restart") return [=](World& world) { world.machine(node).restart_daemon(); };
  if (verb == "stall") {
    const auto span = words.seconds();
    return [=](World& world) { world.machine(node).stall_daemon(span); };
  }
  if (verb == "upgrade") {
    const auto release = words.next("a release");
    return [=](World& world) {
      world.machine(node).set_release({.name = release});
      world.machine(node).restart_daemon();
    };
  }
  words.wrong(Words::quoted(verb) + " is nothing that a daemon does");
  return {};
}

Deed read_engine(Words& words) {
  const auto node = words.node();
  if (const auto verb = words.next("what befalls the engine"); verb != "stall") {
    words.wrong(Words::quoted(verb) + " is nothing that befalls an engine");
    return {};
  }
  const auto span = words.seconds();
  return [=](World& world) { world.stall_engine(node, span); };
}

Deed read_hypervisor(Words& words) {
  const auto node = words.node();
  using Verb = void (SimulatedHost::*)();
  const auto verb = words.choice<Verb>({{"stop", &SimulatedHost::stop_hypervisor},
                                        {"start", &SimulatedHost::start_hypervisor},
                                        {"hang", &SimulatedHost::hang_hypervisor}});
  return [=](World& world) { (world.machine(node).host().*verb)(); };
}

Deed read_disk(Words& words) {
  const auto node = words.node();
  const auto fault = words.choice<DiskFault>(
      {{"ok", DiskFault::none}, {"full", DiskFault::full}, {"unreadable", DiskFault::unreadable}});
  return [=](World& world) { world.machine(node).disk().break_disk(fault); };
}

Deed read_clock(Words& words) {
  const auto node = words.node();
  const auto error = words.seconds();
  return [=](World& world) { world.machine(node).set_wall_error(error); };
}

Deed read_fail_next(Words& words) {
  const auto node = words.node();
  const auto what = words.next("start, migration-out or migration-in");
  if (what == "start") {
    return [=](World& world) { world.machine(node).host().fail_next_start("no such device"); };
  }
  if (what != "migration-out" && what != "migration-in") {
    words.wrong(Words::quoted(what) + " is none of migration-in, migration-out, start");
  }
  const auto end = what == "migration-in" ? MigrationEnd::target : MigrationEnd::source;
  return [=](World& world) {
    world.machine(node).host().fail_next_migration(end, "the monitor does not answer");
  };
}

struct Kind {
  const char* usage;
  Reader read;
};

/// By the first word.
const std::map<std::string, Kind>& kinds() {
  static const std::map<std::string, Kind> all{
      {"power", {"power NODE on|off|cut", read_power}},
      {"network", {"network NODE on|off", read_network}},
      {"link", {"link NODE NODE on|off", read_link}},
      {"latency", {"latency NODE MILLISECONDS", read_latency}},
      {"flap", {"flap NODE TIMES SECONDS", read_flap}},
      {"partition", {"partition NODE… | NODE… [| NODE…]", read_partition}},
      {"heal", {"heal", read_heal}},
      {"repair", {"repair", read_repair}},
      {"shutdown", {"shutdown NODE", read_shutdown<GoingTo::power_off>}},
      {"reboot", {"reboot NODE", read_shutdown<GoingTo::reboot>}},
      {"cancel-shutdown", {"cancel-shutdown NODE", read_cancel_shutdown}},
      {"health", {"health NODE ill|well", read_health}},
      {"drain", {"drain NODE [SECONDS]", read_drain}},
      {"drill", {"drill", read_drill}},
      {"watchdog-drill", {"watchdog-drill NODE", read_watchdog_drill}},
      {"undrain", {"undrain NODE", read_undrain}},
      {"maintenance", {"maintenance NODE on [SECONDS]|off", read_maintenance}},
      {"confirm-off", {"confirm-off NODE", read_confirm_off}},
      {"rule",
       {"rule NAME together|apart VM… strict|best-effort, rule NAME on|off VM… NODE… "
        "strict|best-effort, or rule NAME remove",
        read_rule_command}},
      {"policy",
       {"policy restart_tries_here N, policy restart_tries_elsewhere N, policy failback "
        "stay|return, policy on_shutdown migrate|restart|hold, policy quarantine_losses N, or "
        "policy quarantine_window_s N",
        read_policy_command}},
      {"vm",
       {"vm NAME start|stop|force-off|remove|migrate [NODE]|failback stay|return|default|crash|"
        "power-off|fail-next-start N|deaf|obeys|dirties MIB_PER_S",
        read_vm_command}},
      {"fence-device", {"fence-device NODE ok|broken|lies|babbles [ATTEMPTS]", read_fence_device}},
      {"daemon",
       {"daemon NODE kill|start|stop|restart|stall SECONDS|upgrade RELEASE", read_daemon}},
      {"engine", {"engine NODE stall SECONDS", read_engine}},
      {"hypervisor", {"hypervisor NODE stop|start|hang", read_hypervisor}},
      {"disk", {"disk NODE ok|full|unreadable", read_disk}},
      {"clock", {"clock NODE SECONDS", read_clock}},
      {"fail-next", {"fail-next NODE start|migration-out|migration-in", read_fail_next}},
  };
  return all;
}

}  // namespace

Result<Deed> read_command(const std::string& text, const Scenario& scenario) {
  Words words(text, scenario);
  const auto verb = words.next("the command");
  const auto kind = kinds().find(verb);
  if (kind == kinds().end()) {
    std::string known;
    for (const auto& [name, one] : kinds()) known += (known.empty() ? "" : ", ") + name;
    return fail(Words::quoted(text) + " is no command: it begins with none of " + known);
  }
  auto deed = kind->second.read(words);
  if (const auto error = words.error(); !error.empty()) {
    return fail(Words::quoted(text) + " is no command: " + error + "; write `" +
                kind->second.usage + "`");
  }
  return deed;
}

std::vector<std::string> command_usages() {
  std::vector<std::string> list;
  for (const auto& [name, kind] : kinds()) list.emplace_back(kind.usage);
  return list;
}

}  // namespace upbeat
