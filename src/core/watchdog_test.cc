// SPDX-License-Identifier: Apache-2.0
// A promised watchdog is proof that a lost node is off, once its time is over.
#include <gtest/gtest.h>

#include "core/explain.h"
#include "core/test_cluster.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;
using testing::Test;

constexpr std::chrono::milliseconds timeout{10'000};

/// Three nodes without fence devices; x0 runs on one of them, whose watchdog is armed.
class Watchdogs : public Test {
 protected:
  void SetUp() override {
    cluster.fence_works = false;
    cluster.run("x0");
    home = cluster.host_of("x0");
    arm(incarnation());
  }
  void arm(std::uint64_t of, std::chrono::milliseconds span = timeout) {
    cluster.apply(WatchdogArmed{NodeId(home), of, span});
  }
  [[nodiscard]] std::uint64_t incarnation() const {
    return online(cluster.state, NodeId(home))->incarnation;
  }
  void lose_home() {
    cluster.separate(home);
    cluster.view();
    cluster.settle();
  }
  [[nodiscard]] bool proved_off() const {
    return std::holds_alternative<ProvedOff>(cluster.node(home).standing);
  }

  TestCluster cluster{{1, 2, 3}};
  std::uint32_t home = 0;
};

TEST_F(Watchdogs, ProveALostNodeOffOnceItsTimeAndTheMarginAreOver) {
  lose_home();

  cluster.pass(timeout + watchdog_margin - 1ms);
  EXPECT_FALSE(proved_off());
  EXPECT_EQ(cluster.host_of("x0"), home) << "it may still run there";
  cluster.cut_power(home);  // what the watchdog has done by now
  cluster.pass(1ms);

  EXPECT_TRUE(proved_off());
  EXPECT_TRUE(cluster.said("was proved off: its watchdog of 10.0 s has reset it"));
  EXPECT_TRUE(cluster.is_running("x0"));
}

TEST_F(Watchdogs, AreExplainedWhileTheyAreWaitedFor) {
  EXPECT_EQ(explain_node(cluster.state, NodeId(home)).at(1),
            "Its watchdog resets it within 10.0 s once it has lost touch with the cluster.");
  lose_home();
  cluster.pass(watchdog_margin);

  EXPECT_EQ(explain_node(cluster.state, NodeId(home)).at(1),
            "Its watchdog will have reset it in 10.0 s.");
}

TEST_F(Watchdogs, ProveNothingWithoutAMajority) {
  for (std::uint32_t node = 1; node <= 3; ++node) {
    if (node == home || cluster.state.nodes.size() < 3) continue;
    cluster.separate(node);
    break;
  }
  lose_home();

  cluster.pass(120s);

  EXPECT_FALSE(proved_off());
}

TEST_F(Watchdogs, OfAnEarlierLifeOfTheDaemonPromiseNothing) {
  const auto earlier = incarnation();
  cluster.restart_daemon(home);
  cluster.view();
  cluster.report_all();
  arm(earlier);  // late, and void
  EXPECT_EQ(cluster.node(home).watchdog, 0ms);

  lose_home();
  cluster.pass(120s);

  EXPECT_FALSE(proved_off());
}

TEST_F(Watchdogs, AreStillArmedWhenTheirDaemonIsAway) {
  cluster.stop_daemon(home);
  cluster.view();
  EXPECT_EQ(cluster.node(home).watchdog, timeout);
}

TEST_F(Watchdogs, OfAHostThatWasAwayPromiseNothingBeforeItsDaemonIsThere) {
  lose_home();
  cluster.stop_daemon(home);
  cluster.rejoin(home);
  cluster.view();
  EXPECT_EQ(cluster.node(home).watchdog, 0ms);
}

TEST_F(Watchdogs, ThatAreDisarmedPromiseNothing) {
  arm(incarnation(), 0ms);
  EXPECT_TRUE(cluster.said("has disarmed its watchdog"));
  lose_home();

  cluster.pass(120s);

  EXPECT_FALSE(proved_off());
}

TEST_F(Watchdogs, CountAfterAColdStartToo) {
  for (std::uint32_t node = 1; node <= 3; ++node) {
    if (node != home) cluster.restart_daemon(node);
  }
  cluster.separate(home);
  cluster.view(Continuity::cold);
  cluster.report_all();
  EXPECT_TRUE(std::holds_alternative<Unseen>(cluster.node(home).standing));

  cluster.pass(timeout + watchdog_margin - 1ms);
  EXPECT_FALSE(proved_off());
  cluster.cut_power(home);
  cluster.pass(1ms);

  EXPECT_TRUE(proved_off());
}

}  // namespace
}  // namespace upbeat
