// SPDX-License-Identifier: Apache-2.0
// One line of a scenario's timeline: read once, checked against the scenario's names, done later.
#include "sim/command.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <sstream>

#include "sim/world.h"

namespace upbeat {
namespace {

using std::chrono::milliseconds;

/// A command's words, taken one after another; the first error stays.
class Words {
 public:
  Words(const std::string& text, const Scenario& scenario) : scenario_(scenario) {
    std::istringstream stream(text);
    for (std::string word; stream >> word;) words_.push_back(word);
  }

  std::string next(const char* what) {
    if (at_ < words_.size()) return words_[at_++];
    wrong(std::string(what) + " is missing");
    return {};
  }
  [[nodiscard]] bool more() const { return at_ < words_.size(); }
  bool skip(const char* word) {
    if (!more() || words_[at_] != word) return false;
    ++at_;
    return true;
  }
  std::string node() {
    auto name = next("a node's name");
    const auto is = [&](const ScenarioNode& node) { return node.name == name; };
    if (!name.empty() && std::ranges::none_of(scenario_.nodes, is)) {
      wrong("there is no node '" + name + "'");
    }
    return name;
  }
  std::string vm() {
    auto name = next("a VM's name");
    const auto is = [&](const ScenarioVm& vm) { return vm.name == name; };
    if (!name.empty() && std::ranges::none_of(scenario_.vms, is)) {
      wrong("there is no VM '" + name + "'");
    }
    return name;
  }
  /// One of `choices`; which one.
  template <class T>
  T choice(const std::map<std::string, T>& choices) {
    const auto word = next("the last word");
    const auto found = choices.find(word);
    if (found != choices.end()) return found->second;
    std::string list;
    for (const auto& [name, value] : choices) list += (list.empty() ? "" : ", ") + name;
    if (!word.empty()) wrong("'" + word + "' is none of " + list);
    return T{};
  }
  /// Seconds, with a fraction if need be.
  milliseconds seconds() {
    const auto word = next("a number of seconds");
    double value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    const bool sane = error == std::errc() && end == word.data() + word.size() &&
                      value >= -86'400 && value <= 86'400;
    if (!word.empty() && !sane) wrong("'" + word + "' is no number of seconds");
    return sane ? milliseconds(static_cast<std::int64_t>(value * 1000.0 + (value < 0 ? -0.5 : 0.5)))
                : milliseconds(0);
  }
  std::uint32_t count() {
    const auto word = next("a number");
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (!word.empty() && (error != std::errc() || end != word.data() + word.size())) {
      wrong("'" + word + "' is no number");
    }
    return value;
  }
  void wrong(const std::string& what) {
    if (error_.empty()) error_ = what;
  }
  [[nodiscard]] std::string error() const {
    if (!error_.empty()) return error_;
    return more() ? "'" + words_[at_] + "' is one word too many" : "";
  }

 private:
  const Scenario& scenario_;
  std::vector<std::string> words_;
  std::size_t at_ = 0;
  std::string error_;
};

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

Deed read_flap(Words& words) {
  const auto node = words.node();
  const auto times = static_cast<int>(std::min(words.count(), 1000U));
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

Deed read_drain(Words& words) {
  const auto node = words.node();
  return [=](World& world) {
    world.ask(DrainRequested{world.id_of(node), DrainCause::operator_request, "drain"},
              "drain " + node);
  };
}

Deed read_undrain(Words& words) {
  const auto node = words.node();
  return [=](World& world) { world.ask(UndrainRequested{world.id_of(node)}, "undrain " + node); };
}

Deed read_confirm_off(Words& words) {
  const auto node = words.node();
  return [=](World& world) {
    world.ask(OffConfirmed{world.id_of(node), "the operator"}, "confirm-off " + node);
  };
}

Deed want(const std::string& vm, const std::string& verb, Wanted wanted, StopForce force) {
  return
      [=](World& world) { world.ask(VmWanted{VmId(vm), wanted, force}, "vm " + vm + " " + verb); };
}

Deed read_vm(Words& words) {
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
  words.wrong("'" + verb + "' is nothing that a VM does");
  return {};
}

Deed read_fence_device(Words& words) {
  const auto node = words.node();
  const auto fault = words.choice<OutletFault>({{"ok", OutletFault::none},
                                                {"broken", OutletFault::unreachable},
                                                {"lies", OutletFault::lying},
                                                {"babbles", OutletFault::garbage}});
  const auto attempts =
      words.more() ? static_cast<int>(words.count()) : SimulatedPowerStrip::for_good;
  return [=](World& world) { world.break_fence_device(node, fault, attempts); };
}

Deed read_daemon(Words& words) {
  const auto node = words.node();
  const auto verb = words.next("what to do with the daemon");
  if (verb == "kill") return [=](World& world) { world.machine(node).kill_daemon(); };
  if (verb == "start") return [=](World& world) { world.machine(node).start_daemon(); };
  if (verb == "restart") {
    return [=](World& world) {
      world.machine(node).kill_daemon();
      world.machine(node).start_daemon();
    };
  }
  if (verb == "stall") {
    const auto span = words.seconds();
    return [=](World& world) { world.machine(node).stall_daemon(span); };
  }
  if (verb == "upgrade") {
    const auto release = words.next("a release");
    return [=](World& world) {
      world.machine(node).set_release(release);
      world.machine(node).kill_daemon();
      world.machine(node).start_daemon();
    };
  }
  words.wrong("'" + verb + "' is nothing that a daemon does");
  return {};
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
    words.wrong("'" + what + "' is none of migration-in, migration-out, start");
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
      {"flap", {"flap NODE TIMES SECONDS", read_flap}},
      {"partition", {"partition NODE… | NODE… [| NODE…]", read_partition}},
      {"heal", {"heal", read_heal}},
      {"repair", {"repair", read_repair}},
      {"shutdown", {"shutdown NODE", read_shutdown<GoingTo::power_off>}},
      {"reboot", {"reboot NODE", read_shutdown<GoingTo::reboot>}},
      {"cancel-shutdown", {"cancel-shutdown NODE", read_cancel_shutdown}},
      {"drain", {"drain NODE", read_drain}},
      {"undrain", {"undrain NODE", read_undrain}},
      {"confirm-off", {"confirm-off NODE", read_confirm_off}},
      {"vm",
       {"vm NAME start|stop|force-off|remove|migrate [NODE]|crash|power-off|fail-next-start N|deaf|"
        "obeys|dirties MIB_PER_S",
        read_vm}},
      {"fence-device", {"fence-device NODE ok|broken|lies|babbles [ATTEMPTS]", read_fence_device}},
      {"daemon", {"daemon NODE kill|start|restart|stall SECONDS|upgrade RELEASE", read_daemon}},
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
    return fail("'" + text + "' is no command: it begins with none of " + known);
  }
  auto deed = kind->second.read(words);
  if (const auto error = words.error(); !error.empty()) {
    return fail("'" + text + "' is no command: " + error + "; write `" + kind->second.usage + "`");
  }
  return deed;
}

std::vector<std::string> command_usages() {
  std::vector<std::string> list;
  for (const auto& [name, kind] : kinds()) list.emplace_back(kind.usage);
  return list;
}

}  // namespace upbeat
