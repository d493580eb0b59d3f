// SPDX-License-Identifier: Apache-2.0
// One contract for hypervisors, run against libvirt with real guests and against the twin: how
// guests come and go on one host. migration_contract_test.cc has the rest.
#include "hypervisor/test/hypervisor_contract.h"

#include <gmock/gmock.h>

namespace upbeat::test {
namespace {

using testing::HasSubstr;
using testing::Not;

INSTANTIATE_TEST_SUITE_P(Libvirt, HypervisorContract, testing::Values(&make_real_world));
INSTANTIATE_TEST_SUITE_P(Twin, HypervisorContract, testing::Values(&make_simulated_world));

TEST_P(HypervisorContract, TellsWhatTheHostHas) {
  const auto facts = await<HostFacts>([&](Done<HostFacts> done) { on(Host::a).host_facts(done); });

  ASSERT_TRUE(facts.has_value()) << facts.error().text;
  EXPECT_GE(facts->memory_kib, guest_memory_kib);
  EXPECT_GE(facts->cores, 1U);
  EXPECT_THAT(facts->hypervisor, Not(testing::IsEmpty()));
}

TEST_P(HypervisorContract, RunsAGuestAndShowsItWithItsMemoryAndUuid) {
  const auto created = create(Host::a, Kind::idle);

  ASSERT_TRUE(created.has_value()) << created.error().text;
  EXPECT_TRUE(hears_running(Host::a));
  EXPECT_EQ(inventory(Host::a), (Inventory{{vm, uuid, guest_memory_kib, GuestPhase::running}}));
}

TEST_P(HypervisorContract, TellsOnceThatAGuestRuns) {
  ASSERT_TRUE(create(Host::a, Kind::idle).has_value());
  ASSERT_TRUE(hears_running(Host::a));
  ASSERT_TRUE(destroy(Host::a, vm).has_value());
  ASSERT_TRUE(hears_gone(Host::a, GoneCause::destroyed));

  EXPECT_EQ(ear(Host::a).running.size(), 1U);
  EXPECT_EQ(ear(Host::a).gone.size(), 1U);
}

TEST_P(HypervisorContract, RefusesToStartAGuestTwice) {
  ASSERT_TRUE(create(Host::a, Kind::idle).has_value());

  const auto again = create(Host::a, Kind::idle);

  ASSERT_FALSE(again.has_value());
  EXPECT_THAT(again.error().text, HasSubstr("it is here already"));
  EXPECT_EQ(phase(Host::a), GuestPhase::running);
}

TEST_P(HypervisorContract, RefusesBrokenXmlAndSaysWhereItIsBroken) {
  const auto broken = create(Host::a, vm, "<domain type='qemu'>\n  <name>x</nam>\n</domain>");

  ASSERT_FALSE(broken.has_value());
  EXPECT_THAT(broken.error().text, HasSubstr("line 2, column "));
  EXPECT_THAT(broken.error().text, HasSubstr(vm.get()));
}

TEST_P(HypervisorContract, RefusesTheDefinitionOfAnotherGuest) {
  const auto other = create(Host::a, vm, world().domain_xml(VmId("other"), uuid, Kind::idle));

  ASSERT_FALSE(other.has_value());
  EXPECT_THAT(other.error().text, HasSubstr("names another guest, other"));
}

TEST_P(HypervisorContract, TellsThatADestroyedGuestIsGone) {
  ASSERT_TRUE(create(Host::a, Kind::idle).has_value());

  const auto destroyed = destroy(Host::a, vm);

  ASSERT_TRUE(destroyed.has_value()) << destroyed.error().text;
  EXPECT_EQ(phase(Host::a), std::nullopt);
  EXPECT_TRUE(hears_gone(Host::a, GoneCause::destroyed));
}

TEST_P(HypervisorContract, TakesAGuestThatIsNotThereForDestroyed) {
  EXPECT_TRUE(destroy(Host::a, VmId("nobody")).has_value());
}

TEST_P(HypervisorContract, TellsThatAGuestPoweredItselfOff) {
  ASSERT_TRUE(create(Host::a, Kind::short_lived).has_value());

  EXPECT_TRUE(hears_gone(Host::a, GoneCause::shut_down));
  EXPECT_EQ(phase(Host::a), std::nullopt);
}

TEST_P(HypervisorContract, TellsThatAGuestShutDownWhenItWasAsked) {
  ASSERT_TRUE(create(Host::a, Kind::idle).has_value());

  ASSERT_TRUE(world().wait([&] { return world().booted(Host::a, vm); }));

  const auto asked = await<void>([&](Done<void> done) { on(Host::a).shut_down(vm, done); });

  EXPECT_TRUE(asked.has_value()) << asked.error().text;
  EXPECT_TRUE(hears_gone(Host::a, GoneCause::shut_down));
}

TEST_P(HypervisorContract, LeavesAGuestAloneThatDoesNotShutDown) {
  ASSERT_TRUE(create(Host::a, Kind::deaf).has_value());

  const auto asked = await<void>([&](Done<void> done) { on(Host::a).shut_down(vm, done); });

  EXPECT_TRUE(asked.has_value()) << asked.error().text;
  EXPECT_EQ(phase(Host::a), GuestPhase::running);
}

TEST_P(HypervisorContract, SaysThatAGuestIsNotThereToShutDown) {
  const auto asked = await<void>([&](Done<void> done) { on(Host::a).shut_down(vm, done); });

  ASSERT_FALSE(asked.has_value());
  EXPECT_THAT(asked.error().text, HasSubstr("it is not on this host"));
}

TEST_P(HypervisorContract, TellsThatAGuestCrashedWhenItsProcessIsKilled) {
  ASSERT_TRUE(create(Host::a, Kind::idle).has_value());

  world().kill_guest(Host::a, vm);

  EXPECT_TRUE(hears_gone(Host::a, GoneCause::crashed));
  EXPECT_EQ(phase(Host::a), std::nullopt);
}

TEST_P(HypervisorContract, FindsItsGuestsAgainWhenTheHypervisorComesBack) {
  ASSERT_TRUE(create(Host::a, Kind::idle).has_value());

  world().stop_hypervisor(Host::a);
  EXPECT_TRUE(world().wait([&] { return !ear(Host::a).lost.empty(); }));
  const auto blind = try_inventory(Host::a);
  world().start_hypervisor(Host::a);
  EXPECT_TRUE(world().wait([&] { return ear(Host::a).back == 1; }));

  ASSERT_FALSE(blind.has_value());
  EXPECT_THAT(blind.error().text, HasSubstr("cannot be reached"));
  EXPECT_EQ(ear(Host::a).lost.size(), 1U);
  EXPECT_EQ(phase(Host::a), GuestPhase::running);
  EXPECT_TRUE(ear(Host::a).gone.empty());
}

TEST_P(HypervisorContract, GivesUpAHypervisorThatHangsAndTheCallsThatItOwes) {
  ASSERT_TRUE(create(Host::a, Kind::idle).has_value());

  world().hang_hypervisor(Host::a);
  const auto unanswered = try_inventory(Host::a);
  EXPECT_TRUE(world().wait([&] { return !ear(Host::a).lost.empty(); }));
  world().start_hypervisor(Host::a);
  EXPECT_TRUE(world().wait([&] { return ear(Host::a).back == 1; }));

  EXPECT_FALSE(unanswered.has_value());
  EXPECT_THAT(ear(Host::a).lost, testing::ElementsAre(HasSubstr("no sign of life")));
  EXPECT_EQ(phase(Host::a), GuestPhase::running);
}

}  // namespace
}  // namespace upbeat::test
