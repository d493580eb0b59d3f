// SPDX-License-Identifier: Apache-2.0
// Members hold one state, whatever the network and the power do.
#include "node/replica.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <set>

#include "base/prng.h"
#include "clock/simulated_clock.h"
#include "engine/simulated_engine.h"
#include "engine/simulated_network.h"
#include "store/memory_journal.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

class Quiet final : public ReplicaListener {
 public:
  void on_applied(const State& /*before*/, const Event& /*event*/,
                  const State& /*after*/) override {}
  void on_in_step() override {}
  void on_out_of_step(const std::string& why) override { out_of_step = why; }
  void on_safe() override {}
  void on_disk_trouble(const Error& why) override { EXPECT_TRUE(disk_is_broken) << why.text; }
  void on_disk_well() override { disk_is_broken = false; }
  void on_drill(NodeId from, const DrillAsked& /*asked*/) override { asked_by = from; }
  void on_drill(NodeId from, const DrillReported& /*reported*/) override { answered_by = from; }
  NodeId asked_by;
  NodeId answered_by;
  bool disk_is_broken = false;
  std::string out_of_step;  // why, the last time
};

VmDefined definition(const std::string& name) {
  VmDefined defined{.vm = VmId(name)};
  defined.spec.uuid = "uuid of " + name;
  defined.spec.memory_kib = 1024;
  defined.spec.domain_xml = std::string(2000, 'x');
  return defined;
}

/// Four nodes with a replica each; a disk outlives its daemon.
class Members : public testing::Test {
 protected:
  struct Member {
    Quiet listener;
    std::unique_ptr<SimulatedEngine> engine;
    std::unique_ptr<Replica> replica;
  };

  void begin(std::uint64_t seed = 1) {
    std::vector<ConfiguredNode> nodes;
    for (const auto id : ids_) nodes.push_back({id, "node" + std::to_string(id.get())});
    network_ =
        std::make_unique<SimulatedNetwork>(clock_, nodes, SimulatedNetworkOptions{.seed = seed});
    for (const auto id : ids_) start_daemon(id);
    clock_.advance(10s);
  }
  void start_daemon(NodeId id) {
    auto& member = members_[id];
    member.engine = std::make_unique<SimulatedEngine>(*network_, id);
    member.replica = std::make_unique<Replica>(*member.engine, disks_[id], clock_, member.listener,
                                               Release{.name = "test"});
    const auto started = member.replica->start();
    ASSERT_TRUE(started) << started.error().text;
  }
  void stop_daemon(NodeId id) {
    members_[id].engine.reset();
    members_[id].replica.reset();
  }
  void cut_power(NodeId id) {
    network_->crash(id);
    stop_daemon(id);
    disks_[id].cut_power();
  }
  void power_on(NodeId id) {
    network_->start(id);
    start_daemon(id);
  }
  void lose_all_power() {
    for (const auto id : ids_) cut_power(id);
    for (const auto id : ids_) power_on(id);
    clock_.advance(10s);
  }
  Replica& at(std::uint32_t id) { return *members_.at(NodeId(id)).replica; }
  /// Asks a member to define a VM; the answer stands in `answers_` once it came.
  void ask(std::uint32_t id, const std::string& vm) {
    at(id).propose(definition(vm), Repeat::until_applied,
                   [this, vm](const Result<void>& granted) { answers_[vm] = granted.has_value(); });
  }
  void expect_one_state() {
    for (const auto id : ids_) {
      ASSERT_TRUE(members_[id].replica->in_step())
          << id.get() << ": " << members_[id].replica->trouble();
      EXPECT_EQ(fingerprint(members_[id].replica->state()), fingerprint(at(1).state())) << id.get();
    }
  }
  bool knows(std::uint32_t id, const std::string& vm) {
    return at(id).state().vms.contains(VmId(vm));
  }

  SimulatedClock clock_;
  std::vector<NodeId> ids_{NodeId(1), NodeId(2), NodeId(3), NodeId(4)};
  std::map<NodeId, MemoryJournal> disks_;
  std::unique_ptr<SimulatedNetwork> network_;
  std::map<NodeId, Member> members_;
  std::map<std::string, bool> answers_;
};

TEST_F(Members, HoldTheSameStateAndAnswerOnceItIsSafe) {
  begin();

  ask(1, "a");
  ask(3, "b");
  clock_.advance(1s);

  expect_one_state();
  EXPECT_TRUE(knows(4, "a") && knows(4, "b"));
  EXPECT_EQ(answers_, (std::map<std::string, bool>{{"a", true}, {"b", true}}));
}

TEST_F(Members, TellWhyARequestIsRefused) {
  begin();
  ask(1, "a");
  clock_.advance(1s);

  ask(2, "a");
  clock_.advance(1s);

  EXPECT_EQ(answers_.at("a"), false);
}

TEST_F(Members, WithoutQuorumApplyNothingAndDoItWhenTheNetworkIsBack) {
  begin();
  network_->partition({{NodeId(1)}});
  clock_.advance(5s);
  ask(1, "a");
  clock_.advance(5s);
  ASSERT_FALSE(at(1).in_step());
  ASSERT_FALSE(knows(1, "a"));

  network_->heal();
  clock_.advance(10s);

  expect_one_state();
  EXPECT_TRUE(knows(3, "a"));
  EXPECT_TRUE(answers_.at("a"));
}

TEST_F(Members, GiveARequestBackWhenThereIsNoQuorumForLong) {
  begin();
  network_->partition({{NodeId(1)}});
  clock_.advance(5s);

  ask(1, "a");
  clock_.advance(std::chrono::milliseconds(request_patience_ms) + 1s);

  EXPECT_EQ(answers_.at("a"), false);
  network_->heal();
  clock_.advance(10s);
  EXPECT_FALSE(knows(2, "a"));
}

TEST_F(Members, BringAReturningNodeUpToDate) {
  begin();
  cut_power(NodeId(4));
  clock_.advance(5s);
  for (int i = 0; i < 700; ++i) ask(1, "vm" + std::to_string(i));
  clock_.advance(20s);

  power_on(NodeId(4));
  clock_.advance(10s);

  expect_one_state();
  EXPECT_TRUE(knows(4, "vm699"));
}

TEST_F(Members, ForgetNothingThatWasAnsweredWhenAllLosePowerAtOnce) {
  begin();
  ask(2, "a");
  clock_.advance(1s);
  ASSERT_TRUE(answers_.at("a"));

  for (const auto id : ids_) cut_power(id);
  for (const auto id : ids_) power_on(id);
  clock_.advance(10s);

  expect_one_state();
  EXPECT_TRUE(knows(1, "a"));
}

TEST_F(Members, WaitForNoDiskWhenSomethingWasOnlySeen) {
  begin();
  ask(1, "a");
  at(1).propose(Tick{500ms}, Repeat::never);
  clock_.advance(1s);
  EXPECT_EQ(at(1).state().now, 500ms);

  lose_all_power();
  EXPECT_EQ(at(1).state().now, 0ms) << "nobody had waited for that";

  at(1).propose(Tick{500ms}, Repeat::never);
  ask(1, "b");
  clock_.advance(1s);
  lose_all_power();

  EXPECT_EQ(at(1).state().now, 500ms) << "what lasts carries what was before it";
  EXPECT_TRUE(knows(1, "a") && knows(1, "b"));
}

TEST_F(Members, DoNotForgetAGuestWhereNobodyExpectedIt) {
  begin();
  ask(1, "a");
  clock_.advance(1s);
  InventoryReported report{.node = NodeId(1), .incarnation = at(1).incarnation()};
  report.as_of = at(1).state().index;
  report.guests.push_back({VmId("a"), 1024, Sighting::running});
  at(1).propose(report, Repeat::never);
  clock_.advance(1s);

  lose_all_power();

  EXPECT_TRUE(at(1).state().vms.at(VmId("a")).may_run_on.contains(NodeId(1)));
}

TEST_F(Members, KnowThatNobodyWatchedWhenAllWereOff) {
  begin();
  ASSERT_TRUE(std::holds_alternative<Online>(at(1).state().nodes.at(NodeId(4)).standing));
  for (const auto id : ids_) cut_power(id);

  for (const std::uint32_t id : {1U, 2U, 3U}) power_on(NodeId(id));
  clock_.advance(10s);

  EXPECT_TRUE(std::holds_alternative<Unseen>(at(1).state().nodes.at(NodeId(4)).standing));
}

TEST_F(Members, LoseAMinorityAndEverythingItOnceKnewIsStillThere) {
  begin();
  ask(4, "a");
  clock_.advance(1s);
  ASSERT_TRUE(answers_.at("a"));

  cut_power(NodeId(4));
  disks_.erase(NodeId(4));
  clock_.advance(5s);

  EXPECT_TRUE(knows(1, "a") && knows(2, "a") && knows(3, "a"));
}

TEST_F(Members, WaitForTheDaemonsOfAMajorityForOneAloneMayHaveSlept) {
  begin();
  cut_power(NodeId(4));
  clock_.advance(5s);
  ask(1, "a");
  clock_.advance(1s);
  ASSERT_TRUE(answers_.at("a"));

  for (const std::uint32_t id : {1U, 2U, 3U}) stop_daemon(NodeId(id));
  power_on(NodeId(4));
  clock_.advance(10s);

  EXPECT_FALSE(at(4).in_step()) << "its state is old, and the others' hosts are all here";
  EXPECT_THAT(at(4).trouble(), testing::HasSubstr("upbeatd runs on 1 of the nodes here"));
  for (const std::uint32_t id : {1U, 2U}) start_daemon(NodeId(id));
  clock_.advance(10s);
  EXPECT_TRUE(knows(4, "a"));
}

TEST_F(Members, SayThatTheyHaveNoQuorumWhenTheyLoseIt) {
  begin();
  network_->partition({{NodeId(1)}});
  clock_.advance(5s);

  EXPECT_EQ(members_[NodeId(1)].listener.out_of_step,
            "it is in a part of the cluster without quorum (1 of 4 nodes)");
  EXPECT_EQ(at(1).trouble(), members_[NodeId(1)].listener.out_of_step);
  EXPECT_EQ(at(2).trouble(), "");
}

TEST_F(Members, AnswerOnceTheDisksThatWereFullHaveRoomAgain) {
  begin();
  for (const std::uint32_t id : {3U, 4U}) {
    members_[NodeId(id)].listener.disk_is_broken = true;
    disks_[NodeId(id)].break_disk(DiskFault::full);
  }
  ask(1, "a");
  clock_.advance(2s);
  ASSERT_FALSE(answers_.contains("a")) << "it is on two disks of four";

  for (const std::uint32_t id : {3U, 4U}) disks_[NodeId(id)].break_disk(DiskFault::none);
  at(1).propose(Tick{1s}, Repeat::never);
  clock_.advance(1s);

  EXPECT_TRUE(answers_.contains("a") && answers_.at("a"));
  EXPECT_FALSE(members_[NodeId(3)].listener.disk_is_broken) << "it was not told to be well again";
}

class MembersUnderFaults : public Members, public testing::WithParamInterface<std::uint64_t> {};

TEST_P(MembersUnderFaults, EndWithOneStateThatHoldsEverythingTheyAnswered) {
  begin(GetParam());
  Prng chance(GetParam());
  std::set<NodeId> off;
  for (int step = 0; step < 60; ++step) {
    const NodeId id = ids_[chance.below(ids_.size())];
    switch (chance.below(6)) {
      case 0:
        if (off.insert(id).second) cut_power(id);
        break;
      case 1:
        if (off.erase(id) != 0) power_on(id);
        break;
      case 2:
        network_->partition({{id}});
        break;
      case 3:
        network_->heal();
        break;
      default:
        if (!off.contains(id)) ask(id.get(), "vm" + std::to_string(step));
    }
    clock_.advance(std::chrono::milliseconds(chance.below(4000)));
  }
  network_->heal();
  for (const auto id : std::set(off)) power_on(id);
  clock_.advance(60s);

  expect_one_state();
  for (const auto& [vm, granted] : answers_) {
    EXPECT_TRUE(!granted || knows(1, vm)) << vm << " was granted and is forgotten";
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, MembersUnderFaults, testing::Range<std::uint64_t>(1, 101));

class Latecomer : public Members, public testing::WithParamInterface<std::uint64_t> {};

TEST_P(Latecomer, HearsWhatTheOthersHaveOnDiskWhileItTakesTheirState) {
  begin(GetParam());
  stop_daemon(NodeId(3));
  clock_.advance(5s);
  ask(1, "a");
  clock_.advance(5s);
  cut_power(NodeId(4));
  clock_.advance(10s);

  start_daemon(NodeId(3));  // with it three of four are there: what is safe needs each of them
  clock_.advance(10s);

  ASSERT_TRUE(knows(3, "a"));
  for (const auto id : {1U, 2U, 3U}) EXPECT_EQ(at(id).safe(), at(id).state().index) << id;
}

INSTANTIATE_TEST_SUITE_P(Seeds, Latecomer, testing::Range<std::uint64_t>(1, 21));

}  // namespace
}  // namespace upbeat
