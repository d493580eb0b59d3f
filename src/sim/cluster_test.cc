// SPDX-License-Identifier: Apache-2.0
// The whole cluster in virtual time: the 2006 test bed's cases, and chance.
#include "base/prng.h"
#include "core/explain.h"
#include "core/rules.h"
#include "sim/test_world.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string> guests{"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7"};

class TestBed : public testing::Test {
 protected:
  void SetUp() override {
    for (const auto& vm : guests) world_.run_vm(vm);
    world_.pass(10s);
    for (const auto& vm : guests) ASSERT_NE(world_.host_of(vm), "") << vm;
  }
  void expect_all_running() {
    for (const auto& vm : guests) EXPECT_NE(world_.host_of(vm), "") << vm;
  }

  TestWorld world_{1};
};

TEST_F(TestBed, ANodeThatIsToldToRebootHandsItsGuestsOverAndComesBack) {
  world_.type_reboot(2);
  world_.pass(5s);
  expect_all_running();
  EXPECT_FALSE(world_.powered(2));

  world_.pass(20s);

  EXPECT_TRUE(world_.at(2).in_step());
  EXPECT_EQ(standing_word(world_.at(1).state(), NodeId(2)), "online");
  expect_all_running();
}

TEST_F(TestBed, ANodeThatDiesIsProvedOffAndItsGuestsBootElsewhere) {
  world_.cut_power(3);
  world_.pass(10s);

  expect_all_running();
  EXPECT_EQ(standing_word(world_.at(1).state(), NodeId(3)), "off");
}

TEST_F(TestBed, ANodeThatIsCutOffTheNetworkIsProvedOffBeforeItsGuestsBoot) {
  world_.separate(4);
  world_.pass(15s);

  expect_all_running();
  EXPECT_FALSE(world_.powered(4)) << "nobody took its power";
}

TEST_F(TestBed, ANodeThatDiesWhileItHandsOverLosesNoGuest) {
  world_.type_reboot(2);
  world_.pass(300ms);
  world_.cut_power(2);
  world_.pass(15s);

  expect_all_running();
}

TEST_F(TestBed, ATargetThatDiesWhileItReceivesLosesNoGuest) {
  world_.type_reboot(2);
  world_.pass(300ms);
  world_.cut_power(3);
  world_.pass(10s);
  world_.power_on(3);
  world_.pass(60s);

  expect_all_running();
}

TEST_F(TestBed, ARestartOfEveryDaemonMovesAndStopsNoGuest) {
  std::map<std::string, std::string> before;
  for (const auto& vm : guests) before[vm] = world_.host_of(vm);

  for (const std::uint32_t id : {1U, 2U, 3U, 4U}) {
    world_.restart_daemon(id);
    world_.pass(3s);
  }

  for (const auto& vm : guests) EXPECT_EQ(world_.host_of(vm), before[vm]) << vm;
}

TEST_F(TestBed, ACutOfAllPowerForgetsNoGuest) {
  for (const std::uint32_t id : {1U, 2U, 3U, 4U}) world_.cut_power(id);
  world_.pass(5s);

  for (const std::uint32_t id : {1U, 2U, 3U, 4U}) world_.power_on(id);
  world_.pass(30s);

  expect_all_running();
}

TEST_F(TestBed, AHeldGuestBootsWhereItWasWhenItsNodeIsBack) {
  std::map<std::string, std::string> before;
  for (const auto& vm : guests) before[vm] = world_.host_of(vm);
  world_.at(1).request(PolicySet{.on_shutdown = OnShutdown::hold},
                       [](const Result<void>& granted) { EXPECT_TRUE(granted); });
  world_.pass(1s);

  world_.type_reboot(2);
  world_.pass(40s);

  for (const auto& vm : guests) EXPECT_EQ(world_.host_of(vm), before[vm]) << vm;
}

TEST(TestBedOfSix, TwoNodesThatDieAtOnceAreBothProvedOff) {
  TestWorld world(1, 6);
  for (const auto& vm : guests) world.run_vm(vm);
  world.pass(10s);
  world.cut_power(5);
  world.cut_power(6);
  world.pass(15s);

  for (const auto& vm : guests) EXPECT_NE(world.host_of(vm), "") << vm;
}

class Faults : public testing::TestWithParam<std::uint64_t> {};

/// One fault on a random node. Two of four nodes stay powered, so that the cluster can go on.
void strike(TestWorld& world, Prng& chance) {
  const auto id = static_cast<std::uint32_t>(1 + chance.below(4));
  std::uint32_t powered = 0;
  for (const std::uint32_t one : {1U, 2U, 3U, 4U}) powered += world.powered(one) ? 1 : 0;
  const auto vm = world.vms()[chance.below(world.vms().size())];
  switch (chance.below(9)) {
    case 0:
      if (powered > 2) world.cut_power(id);
      return;
    case 1:
    case 2:
      world.power_on(id);
      return;
    case 3:
      world.type_reboot(id);
      return;
    case 4:
      world.restart_daemon(id);
      return;
    case 5:
      world.separate(id);
      return;
    case 6:
      world.heal();
      return;
    case 7:
      world.host(id).fail_next_migration(MigrationEnd::target, "chance says no");
      world.host(id).fail_next_start("chance says no");
      return;
    default:
      if (!world.host_of(vm.get()).empty()) {
        for (const std::uint32_t one : {1U, 2U, 3U, 4U}) {
          if (world.host(one).runs(vm)) world.host(one).kill_guest(vm);
        }
      }
  }
}

/// Strikes, lets everything be repaired, and expects all guests to run.
void strike_and_expect_repair(TestWorld& world, std::uint64_t seed) {
  Prng chance(seed);
  for (int i = 0; i < 25 && !testing::Test::HasFatalFailure(); ++i) {
    strike(world, chance);
    world.pass(std::chrono::milliseconds(chance.below(6000)));
  }

  // An operator presses the button of whatever is off: also of nodes that were still on their way
  // down when the faults ended, and were proved off then.
  world.heal();
  for (int round = 0; round < 3; ++round) {
    for (const std::uint32_t id : {1U, 2U, 3U, 4U}) world.power_on(id);
    world.pass(80s);
  }

  for (const auto& vm : guests) {
    if (phase_word(world.at(1).state().vms.at(VmId(vm))) == "given-up") continue;  // and says why
    EXPECT_NE(world.host_of(vm), "")
        << vm << ": " << explain_vm(world.at(1).state(), VmId(vm)).back();
  }
}

TEST_P(Faults, RunNoGuestTwiceAndAreRepairedOnceTheyStop) {
  TestWorld world(GetParam());
  for (const auto& vm : guests) world.run_vm(vm);
  world.pass(8s);
  strike_and_expect_repair(world, GetParam());
}

class FaultsUnderRules : public testing::TestWithParam<std::uint64_t> {};

TEST_P(FaultsUnderRules, LeaveNoGuestDownAndNoRuleBroken) {
  TestWorld world(GetParam());
  for (const auto& vm : guests) world.run_vm(vm);
  world.pass(8s);
  const Rule apart{.name = RuleId("apart"),
                   .kind = RuleKind::apart,
                   .vms = {VmId("x0"), VmId("x1"), VmId("x2")}};
  const Rule pair{
      .name = RuleId("pair"), .kind = RuleKind::together, .vms = {VmId("x3"), VmId("x4")}};
  const auto granted = [](const Result<void>& answer) { EXPECT_TRUE(answer); };
  world.at(1).request(RuleDefined{apart}, granted);
  world.at(1).request(RuleDefined{pair}, granted);
  world.at(1).request(
      PolicySet{.restart_tries_here = 50,
                .failback = GetParam() % 2 == 0 ? Failback::stay : Failback::go_home,
                .on_shutdown = static_cast<OnShutdown>(GetParam() % 3)},
      granted);
  world.pass(10s);
  strike_and_expect_repair(world, GetParam());
  const State& state = world.at(1).state();
  EXPECT_EQ(world.at(1).trouble(), "");
  for (const auto& [name, rule] : state.rules) EXPECT_EQ(breach_of(state, rule), "");
}

INSTANTIATE_TEST_SUITE_P(Seeds, FaultsUnderRules, testing::Range<std::uint64_t>(1, 101));
INSTANTIATE_TEST_SUITE_P(Seeds, Faults, testing::Range<std::uint64_t>(1, 201));

// Seeds that found something once:
// 922: an inventory read before a start began and applied after it ruled the node out; the guest
//      was started on a second one.
// 36:  a host that was let go stayed up when its daemon died at that moment (the twin).
INSTANTIATE_TEST_SUITE_P(Kept, Faults, testing::Values(36, 922));

}  // namespace
}  // namespace upbeat
