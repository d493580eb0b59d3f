// SPDX-License-Identifier: Apache-2.0
// What members saw of each other, and what of it would fail on the day.
#include "core/drill.h"

#include <gmock/gmock.h>

#include "core/evacuation.h"
#include "core/test_cluster.h"

namespace upbeat {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

/// Three nodes whose members see each other well: a strip with an outlet for each.
class Drilled : public testing::Test {
 protected:
  Drilled() {
    for (const std::uint32_t by : {1, 2, 3}) {
      auto& answer = answers[NodeId(by)];
      answer.answering = Answering::answered;
      for (const std::uint32_t node : {1, 2, 3}) {
        if (node == by) continue;
        answer.report.peers.push_back(
            {.node = NodeId(node),
             .up = true,
             .devices = {{.device = "strip", .plug = std::to_string(node), .outlet = Outlet::on}},
             .hypervisor = "QEMU 7.2.15"});
      }
    }
  }
  PeerReport& seen(std::uint32_t by, std::uint32_t node) {
    return *std::ranges::find(answers[NodeId(by)].report.peers, NodeId(node), &PeerReport::node);
  }
  DeviceAnswer& device(std::uint32_t by, std::uint32_t node) {
    return seen(by, node).devices.front();
  }
  void break_device(std::uint32_t by, std::uint32_t node) {
    device(by, node).outlet = Outlet::unknown;
    device(by, node).trouble = "fence device 'strip': no answer";
  }
  std::vector<DrillFinding> found() { return findings(cluster.state, answers); }
  std::vector<Flaw> flaws() {
    std::vector<Flaw> list;
    for (const auto& finding : found()) list.push_back(finding.flaw);
    return list;
  }

  TestCluster cluster{{1, 2, 3}};
  DrillAnswers answers;
};

using Flaws = std::vector<Flaw>;

TEST_F(Drilled, FindsNothingWrongWithAHealthyCluster) {
  cluster.run("x1");

  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(Drilled, SaysNothingBeforeAllHaveAnswered) {
  device(1, 2).outlet = Outlet::off;
  answers[NodeId(3)].answering = Answering::waiting;

  EXPECT_FALSE(is_over(answers));
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(Drilled, PutsAnOutletThatIsOffForANodeThatIsUpFirstAndNamesWhoHasItWrong) {
  answers[NodeId(1)].report.alarms = {"the disk is full"};
  device(1, 2).outlet = Outlet::off;
  device(3, 2).outlet = Outlet::off;

  const auto list = found();

  ASSERT_EQ(flaws(), (Flaws{Flaw::proved_off_alive, Flaw::alarm}));
  EXPECT_EQ(list.front().node, NodeId(2));
  EXPECT_THAT(list.front().text, HasSubstr("strip (plug 2) says that node2 is OFF, but it is up"));
  EXPECT_THAT(list.front().text, HasSubstr("correct the plug on node1, node3"));
}

TEST_F(Drilled, TakesNoOffenceAtAnOutletThatIsOffForANodeThatWasAway) {
  device(1, 2).outlet = Outlet::off;
  seen(1, 2).up = false;

  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(Drilled, TellsASupplyWithoutPowerFromANodeThatWouldBeProvedOff) {
  seen(1, 2).devices.push_back({.device = "strip2", .plug = "2", .outlet = Outlet::off});

  EXPECT_EQ(flaws(), Flaws{Flaw::supply_off});
}

TEST_F(Drilled, FindsALevelThatProvesARunningNodeOffBehindOneThatIsRight) {
  seen(1, 2).devices.push_back({.device = "board", .level = 2, .plug = "", .outlet = Outlet::off});

  EXPECT_EQ(flaws(), Flaws{Flaw::proved_off_alive});
}

TEST_F(Drilled, NamesMembersThatHaveDifferentPlugsForOneNode) {
  device(1, 2).plug = "3";
  device(1, 3).plug = "2";

  const auto list = found();

  ASSERT_EQ(flaws(), (Flaws{Flaw::plugs_differ, Flaw::plugs_differ}));
  EXPECT_THAT(list.front().text,
              HasSubstr("which plug of strip is that of node2 ('2' on node3; '3' on node1)"));
}

TEST_F(Drilled, NamesTheMemberThatGetsNoAnswerAndOfWhichNodes) {
  break_device(1, 2);
  break_device(1, 3);

  const auto list = found();

  ASSERT_EQ(flaws(), Flaws{Flaw::device_fails});
  EXPECT_EQ(list.front().node, NodeId(1));
  EXPECT_EQ(list.front().text,
            "node1 could not fence node2, node3: fence device 'strip': no answer");
}

TEST_F(Drilled, SaysOfANodeThatNobodyCouldProveOffThatItsGuestsWouldWait) {
  break_device(1, 2);
  break_device(3, 2);

  EXPECT_EQ(flaws(), (Flaws{Flaw::no_proof, Flaw::device_fails, Flaw::device_fails}));
  EXPECT_THAT(found().front().text, HasSubstr("if node2 dies, nothing proves it off"));
}

TEST_F(Drilled, CountsAnArmedWatchdogAsAProofWhereMostNodesAreLeft) {
  seen(1, 2).devices.clear();
  seen(3, 2).devices.clear();
  cluster.apply(WatchdogArmed{NodeId(2), 2, std::chrono::seconds(10)});
  EXPECT_THAT(found(), IsEmpty());

  cluster.cut_power(3);
  cluster.view();

  EXPECT_THAT(flaws(), testing::Contains(Flaw::no_proof));
}

TEST_F(Drilled, NamesAMemberWithoutADeviceThatOthersHave) {
  seen(3, 2).devices.clear();

  ASSERT_EQ(flaws(), Flaws{Flaw::no_device});
  EXPECT_THAT(found().front().text, HasSubstr("node3 could not fence node2"));
}

TEST_F(Drilled, NamesTheWaysThatNoGuestCanGo) {
  seen(2, 1).way_trouble = "cannot reach the hypervisor of node1: Connection refused";
  seen(2, 1).hypervisor.clear();

  ASSERT_EQ(flaws(), Flaws{Flaw::way_closed});
  EXPECT_THAT(found().front().text, HasSubstr("no guest can move from node2 to node1: "));
}

TEST_F(Drilled, FindsGuestsThatWouldFindNoPlace) {
  for (const auto* vm : {"x1", "x2", "x3", "x4", "x5", "x6", "x7"}) cluster.run(vm);

  const auto list = found();

  ASSERT_FALSE(list.empty());
  for (const auto& finding : list) EXPECT_EQ(finding.flaw, Flaw::cannot_empty) << finding.text;
  EXPECT_THAT(list.front().text, HasSubstr("if it died these guests would stay down"));
}

TEST_F(Drilled, TellsOfANodeThatWasNotAsked) {
  answers[NodeId(3)] = {.answering = Answering::silent, .trouble = "it has not answered"};

  ASSERT_EQ(flaws(), Flaws{Flaw::silent});
  EXPECT_EQ(found().front().text, "node3 was not tested: it has not answered");
}

TEST_F(Drilled, FindsAWatchdogThatIsNotArmed) {
  answers[NodeId(3)].report.has_watchdog = true;

  EXPECT_EQ(flaws(), Flaws{Flaw::alarm});
}

TEST(StrandedByLoss, AreGuestsThatFindNoRoomAndNotThoseThatNobodyWants) {
  TestCluster cluster({1, 2}, 512);
  cluster.run("x1");
  cluster.run("x2");
  cluster.run("x3");
  const NodeId node(1);
  ASSERT_EQ(stranded_by_loss(cluster.state, node).size(), 1U)
      << "of two, the other has room for one";
  const auto vm = stranded_by_loss(cluster.state, node).front().vm;

  cluster.apply(VmWanted{vm, Wanted::stopped});

  EXPECT_THAT(stranded_by_loss(cluster.state, node), IsEmpty());
}

}  // namespace
}  // namespace upbeat
