// SPDX-License-Identifier: Apache-2.0
// Lines of a timeline: what is read, what is refused with which words, and what they do.
#include "sim/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "sim/run.h"

namespace upbeat {
namespace {

using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

std::string error_of(const std::string& command) {
  const auto deed = read_command(command, test_bed(4, 8));
  return deed ? "" : deed.error().text;
}

class GoodCommand : public testing::TestWithParam<std::string> {};

TEST_P(GoodCommand, IsRead) { EXPECT_EQ(error_of(GetParam()), ""); }

const std::vector<std::string> good_commands{
    "power node1 on",
    "power node1 off",
    "power node1 cut",
    "network node1 off",
    "network node1 on",
    "link node0 node1 off",
    "latency node1 200",
    "flap node1 3 2.5",
    "partition node0 node1 | node2 node3",
    "partition node0 | node1 | node2",
    "heal",
    "repair",
    "shutdown node1",
    "reboot node1",
    "cancel-shutdown node1",
    "drill",
    "watchdog-drill node1",
    "health node1 ill",
    "health node1 well",
    "drain node1",
    "drain node1 90",
    "undrain node1",
    "maintenance node1 on",
    "maintenance node1 on 90",
    "maintenance node1 off",
    "confirm-off node1",
    "rule db together x0 x1 strict",
    "rule db apart x0 x1 x2 best-effort",
    "rule db on x0 node1 node2 strict",
    "rule db off x0 x1 node1 best-effort",
    "rule db remove",
    "policy restart_tries_here 0",
    "policy restart_tries_elsewhere 100",
    "policy failback return",
    "policy on_shutdown hold",
    "vm x0 start",
    "vm x0 stop",
    "vm x0 force-off",
    "vm x0 remove",
    "vm x0 migrate",
    "vm x0 migrate node3",
    "vm x0 failback stay",
    "vm x0 failback default",
    "vm x0 crash",
    "vm x0 power-off",
    "vm x0 fail-next-start 2",
    "vm x0 deaf",
    "vm x0 obeys",
    "vm x0 dirties 300",
    "fence-device node1 ok",
    "fence-device node1 broken",
    "fence-device node1 lies 3",
    "fence-device node1 babbles",
    "daemon node1 kill",
    "daemon node1 start",
    "daemon node1 restart",
    "daemon node1 stall 10",
    "daemon node1 upgrade 0.2.0",
    "engine node1 stall 10",
    "hypervisor node1 stop",
    "hypervisor node1 hang",
    "hypervisor node1 start",
    "disk node1 full",
    "disk node1 unreadable",
    "disk node1 ok",
    "clock node1 -7200",
    "fail-next node1 start",
    "fail-next node1 migration-out",
    "fail-next node1 migration-in",
};
INSTANTIATE_TEST_SUITE_P(Commands, GoodCommand, testing::ValuesIn(good_commands));

TEST(Commands, AreAllTriedHere) {
  std::set<std::string> tried;
  for (const auto& text : good_commands) tried.insert(text.substr(0, text.find(' ')));

  for (const auto& usage : command_usages()) {
    EXPECT_THAT(tried, Contains(usage.substr(0, usage.find(' '))));
  }
}

struct Refusal {
  const char* command;
  const char* words;
};

/// For the test's name.
void PrintTo(const Refusal& refusal, std::ostream* out) {
  for (const char letter : std::string_view(refusal.words)) {
    *out << (std::isalnum(static_cast<unsigned char>(letter)) != 0 ? letter : '-');
  }
}

class BadCommand : public testing::TestWithParam<Refusal> {};

TEST_P(BadCommand, IsRefusedWithAReasonAndWithHowItIsWritten) {
  const auto error = error_of(GetParam().command);

  EXPECT_THAT(error, HasSubstr(std::string("'") + GetParam().command + "' is no command: "));
  EXPECT_THAT(error, HasSubstr(GetParam().words));
}

INSTANTIATE_TEST_SUITE_P(
    Commands, BadCommand,
    testing::Values(
        Refusal{"", "it begins with none of cancel-shutdown, clock, "},
        Refusal{"explode node1", "it begins with none of cancel-shutdown, clock, "},
        Refusal{"power", "a node's name is missing; write `power NODE on|off|cut`"},
        Refusal{"power node9 cut", "there is no node 'node9'; write `power NODE on|off|cut`"},
        Refusal{"power x0 cut", "there is no node 'x0'"},
        Refusal{"power node1 explode", "'explode' is none of cut, off, on"},
        Refusal{"power node1 cut now", "'now' is one word too many"},
        Refusal{"network node1 flaky", "'flaky' is none of off, on"},
        Refusal{"latency node1 1.5", "'1.5' is no whole number; write `latency NODE MILLISECONDS`"},
        Refusal{"latency node1 900", "'900' is more than 500"},
        Refusal{"flap node1 three 2", "'three' is no whole number"},
        Refusal{"flap node1 1001 2", "'1001' is more than 1000"},
        Refusal{"flap node1 3 soon", "'soon' is no number of seconds"},
        Refusal{"partition node0 | node7", "there is no node 'node7'"},
        Refusal{"heal node1", "'node1' is one word too many; write `heal`"},
        Refusal{"shutdown", "a node's name is missing; write `shutdown NODE`"},
        Refusal{"maintenance node1",
                "the last word is missing; write `maintenance NODE on [SECONDS]|off`"},
        Refusal{"confirm-off", "a node's name is missing; write `confirm-off NODE`"},
        Refusal{"rule", "a rule's name is missing"},
        Refusal{"rule db near x0 x1 strict", "'near' is none of apart, off, on, together"},
        Refusal{"rule db apart x0 x1", "strict or best-effort is missing"},
        Refusal{"rule db apart x0 strict", "it names less than two VMs"},
        Refusal{"rule db apart x0 x1 node1 strict", "a rule of this kind takes no nodes"},
        Refusal{"rule db on x0 strict", "it names no node"},
        Refusal{"rule db off node1 strict", "it names no VM"},
        Refusal{"rule db apart x0 x9 strict",
                "'x9' is neither a VM, nor a node, nor strict or best-effort"},
        Refusal{"policy patience 3", "'patience' is no key of the policy"},
        Refusal{"policy failback home", "'home' is none of return, stay"},
        Refusal{"policy on_shutdown wait", "'wait' is none of hold, migrate, restart"},
        Refusal{"policy restart_tries_here 101", "'101' is more than 100"},
        Refusal{"policy restart_tries_here -1", "'-1' is no whole number"},
        Refusal{"vm", "a VM's name is missing; write `vm NAME start|stop|"},
        Refusal{"vm node1 start", "there is no VM 'node1'"},
        Refusal{"vm x0 dance", "'dance' is nothing that a VM does"},
        Refusal{"vm x0 migrate x1", "there is no node 'x1'"},
        Refusal{"vm x0 failback home", "'home' is none of default, return, stay"},
        Refusal{"vm x0 fail-next-start", "a number is missing"},
        Refusal{"vm x0 dirties fast", "'fast' is no whole number"},
        Refusal{"fence-device node1 smokes", "'smokes' is none of babbles, broken, lies, ok"},
        Refusal{"fence-device node1 broken often", "'often' is no whole number"},
        Refusal{"daemon node1 dances", "'dances' is nothing that a daemon does"},
        Refusal{"daemon node1 stall", "a number of seconds is missing"},
        Refusal{"daemon node1 upgrade", "a release is missing"},
        Refusal{"engine node1 dances", "'dances' is nothing that befalls an engine"},
        Refusal{"engine node1 stall", "a number of seconds is missing"},
        Refusal{"hypervisor node1 sleep", "'sleep' is none of hang, start, stop"},
        Refusal{"disk node1 slow", "'slow' is none of full, ok, unreadable"},
        Refusal{"clock node1 tomorrow", "'tomorrow' is no number of seconds"},
        Refusal{"fail-next node1 everything",
                "'everything' is none of migration-in, migration-out, start"}));

/// The log of what the commands do to the test bed, ten seconds apart.
std::vector<LogEntry> log_of(const std::vector<std::string>& commands) {
  auto scenario = test_bed(4, 8);
  for (const auto& command : commands) {
    scenario.length += std::chrono::seconds(10);
    scenario.timeline.push_back({scenario.length, command});
  }
  scenario.length += std::chrono::seconds(10);
  return play(scenario, Keep::everything).log;
}

auto line(const std::string& subject, const std::string& text) {
  return Contains(
      AllOf(Field(&LogEntry::subject, subject), Field(&LogEntry::text, HasSubstr(text))));
}

TEST(Commands, SetARuleThatMovesAGuestAndTakeItAway) {
  const auto log = log_of({"rule db on x0 node3 strict", "rule db remove", "rule db remove"});

  EXPECT_THAT(log, line("operator", "rule db: granted"));
  EXPECT_THAT(log, line("x0", "moves from node0 to node3: rule 'db' keeps x0 on node3"));
  EXPECT_THAT(log, line("rule db", "was removed"));
  EXPECT_THAT(log, line("operator", "rule db remove: refused: cannot remove rule 'db': there is"));
}

TEST(Commands, SetOneKeyOfThePolicyEach) {
  const auto log = log_of({"policy restart_tries_here 4", "policy restart_tries_elsewhere 5",
                           "policy failback return", "policy on_shutdown hold",
                           "policy quarantine_losses 6", "policy quarantine_window_s 700"});

  EXPECT_THAT(log, line("cluster",
                        "the policy is now: restart_tries_here 4, "
                        "restart_tries_elsewhere 5, failback return, on_shutdown hold, "
                        "quarantine_losses 6, quarantine_window_s 700"));
}

TEST(Commands, GiveAGuestAFailbackOfItsOwnAndTakeItAway) {
  const auto log = log_of({"vm x0 failback return", "vm x0 failback default"});

  EXPECT_THAT(log, line("x0", "has a failback of its own: return"));
  EXPECT_THAT(log, line("x0", "has the policy's failback: stay"));
}

TEST(Commands, PutANodeIntoMaintenanceAndBack) {
  const auto log = log_of({"maintenance node1 on", "maintenance node1 off"});

  EXPECT_THAT(log, line("node1", "goes into maintenance"));
  EXPECT_THAT(log, line("x1", "moves from node1 to "));
  EXPECT_THAT(log, line("node1", "takes VMs again"));
}

TEST(Commands, MakeANodeSlowWithoutLosingIt) {
  const auto log = log_of({"latency node1 400", "vm x1 stop"});

  EXPECT_THAT(log, line("operator", "vm x1 stop: granted"));
  EXPECT_THAT(log, Not(line("node1", "was lost")));
  const auto asked = std::ranges::find(log, "vm x1 stop", &LogEntry::text);
  const auto granted = std::ranges::find(log, "vm x1 stop: granted", &LogEntry::text);
  ASSERT_NE(granted, log.end());
  EXPECT_LT(granted->at - asked->at, std::chrono::seconds(4));
}

}  // namespace
}  // namespace upbeat
