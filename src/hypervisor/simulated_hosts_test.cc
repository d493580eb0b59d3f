// SPDX-License-Identifier: Apache-2.0
// What can befall simulated hosts, beyond the contract.
#include "hypervisor/simulated_hosts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "clock/simulated_clock.h"
#include "hypervisor/simulated_hypervisor.h"
#include "hypervisor/test/contract_world.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;
using test::Ear;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t gib = 1 << 20;
const VmId vm("x0");

std::string definition(std::uint64_t memory_kib, const VmId& guest = vm) {
  return "<domain type='qemu'><name>" + guest.get() + "</name><memory>" +
         std::to_string(memory_kib) + "</memory></domain>";
}

/// Two hosts of 1 GiB, a daemon on each.
struct SimulatedHostsTest : testing::Test {
  SimulatedClock clock;
  SimulatedHosts hosts{clock};
  SimulatedHost& a = hosts.add("a", {gib, 2, "simulated"});
  SimulatedHost& b = hosts.add("b", {gib, 2, "simulated"});
  Ear at_a;
  Ear at_b;
  std::optional<SimulatedHypervisor> on_a{a};
  std::optional<SimulatedHypervisor> on_b{b};
  std::optional<Result<void>> created;
  std::optional<Result<MigrationSummary>> moved;

  SimulatedHostsTest() {
    on_a->start(at_a);
    on_b->start(at_b);
    clock.advance(1s);
  }
  void create(std::uint64_t memory_kib = gib / 4) {
    on_a->create(vm, definition(memory_kib), [this](Result<void> end) { created = end; });
    clock.advance(10s);
  }
  void move() {
    on_a->migrate(vm, "b", [this](Result<MigrationSummary> end) { moved = end; });
  }
};

TEST_F(SimulatedHostsTest, AnswersOnlyWhenItHasBooted) {
  on_a->create(vm, definition(gib / 4), [this](Result<void> end) { created = end; });
  clock.advance(2s);
  EXPECT_TRUE(a.runs(vm));
  EXPECT_FALSE(a.answers(vm));
  clock.advance(3s);
  EXPECT_TRUE(a.answers(vm));
}

TEST_F(SimulatedHostsTest, TakesAllGuestsAwayAndCallsNobodyBackWhenThePowerIsCut) {
  create();
  move();
  on_a->inventory([](const auto&) { FAIL() << "a dead host has answered"; });

  a.cut_power();
  clock.advance(60s);

  EXPECT_THAT(a.guests(), IsEmpty());
  EXPECT_THAT(at_a.gone, IsEmpty());
  EXPECT_THAT(at_a.lost, IsEmpty());
  EXPECT_FALSE(moved.has_value());
}

TEST_F(SimulatedHostsTest, GivesUpAnIncomingGuestWhoseSourceLostItsPower) {
  create();
  move();
  clock.advance(300ms);
  ASSERT_EQ(b.guests().size(), 1U);

  a.cut_power();
  clock.advance(10s);
  EXPECT_EQ(b.guests().size(), 1U) << "without a word from the source it waits";
  clock.advance(60s);

  EXPECT_THAT(b.guests(), IsEmpty());
  EXPECT_THAT(at_b.gone, testing::ElementsAre(std::pair(vm, GoneCause::failed)));
  EXPECT_THAT(at_b.running, IsEmpty());
}

TEST_F(SimulatedHostsTest, RunsOnAtTheSourceWhenTheTargetLosesItsPower) {
  create();
  move();
  clock.advance(300ms);

  b.cut_power();
  clock.advance(60s);

  ASSERT_TRUE(moved.has_value() && !moved->has_value());
  EXPECT_THAT(hosts.run_by(vm), testing::ElementsAre("a"));
}

TEST_F(SimulatedHostsTest, ComesUpEmptyAndServesANewDaemonAfterAPowerCut) {
  create();
  a.cut_power();
  on_a.reset();
  a.power_on();
  at_a = Ear{};

  on_a.emplace(a);
  on_a->start(at_a);
  clock.advance(1s);
  created.reset();
  create();

  EXPECT_EQ(at_a.back, 1);
  EXPECT_TRUE(created.has_value() && created->has_value());
}

TEST_F(SimulatedHostsTest, KeepsItsGuestsWhenOnlyTheDaemonRestarts) {
  create();

  on_a.reset();
  on_a.emplace(a);
  at_a = Ear{};
  on_a->start(at_a);
  clock.advance(1s);

  EXPECT_EQ(at_a.back, 1);
  EXPECT_THAT(hosts.run_by(vm), testing::ElementsAre("a"));
}

TEST_F(SimulatedHostsTest, FailsTheNextStartAndOnlyThat) {
  a.fail_next_start("no space left on device");
  create();
  ASSERT_TRUE(created.has_value() && !created->has_value());
  EXPECT_THAT(created->error().text, HasSubstr("no space left on device"));
  EXPECT_THAT(a.guests(), IsEmpty());

  create();
  EXPECT_TRUE(created->has_value());
}

TEST_F(SimulatedHostsTest, RefusesAGuestThatDoesNotFit) {
  create(gib + 1);

  ASSERT_TRUE(created.has_value() && !created->has_value());
  EXPECT_THAT(created->error().text, HasSubstr("cannot allocate memory"));
}

TEST_F(SimulatedHostsTest, FailsAMigrationAtTheEndThatWasTold) {
  create();
  for (auto* const host : {&a, &b}) {
    moved.reset();
    host->fail_next_migration(host == &a ? MigrationEnd::source : MigrationEnd::target, "no luck");
    move();
    clock.advance(10s);

    ASSERT_TRUE(moved.has_value() && !moved->has_value());
    EXPECT_THAT(moved->error().text, HasSubstr("no luck"));
    EXPECT_THAT(hosts.run_by(vm), testing::ElementsAre("a"));
    EXPECT_THAT(b.guests(), IsEmpty());
  }
}

TEST_F(SimulatedHostsTest, NeverEndsAMigrationOfAGuestThatWritesFasterThanTheWire) {
  // Not even standing still for the longest that a migration asks for gets a whole GiB across.
  hosts.set_traits(vm, {.dirty_kib_per_s = 200'000, .migration_kib_per_s = 100'000});
  create();
  move();
  clock.advance(600s);
  EXPECT_FALSE(moved.has_value());

  on_a->cancel_migration(vm, [](const auto& end) { EXPECT_TRUE(end.has_value()); });
  clock.advance(1s);
  EXPECT_TRUE(moved.has_value() && !moved->has_value());
  EXPECT_THAT(hosts.run_by(vm), testing::ElementsAre("a"));
}

TEST_F(SimulatedHostsTest, TakesLongerForMoreMemoryAndAThinnerWire) {
  const auto took = [this](std::uint64_t memory_kib, std::uint64_t kib_per_s) {
    hosts.set_traits(vm, {.migration_kib_per_s = kib_per_s});
    create(memory_kib);
    moved.reset();
    move();
    clock.advance(100s);
    b.kill_guest(vm);
    return moved->value().total_ms;
  };

  const auto small = took(gib / 8, 100'000);
  EXPECT_GT(took(gib / 2, 100'000), small + 3'000);
  EXPECT_GT(took(gib / 8, 25'000), small + 3'000);
}

TEST_F(SimulatedHostsTest, SharesTheWireAmongMigrations) {
  const VmId other("x1");
  create(gib / 4);
  on_a->create(other, definition(gib / 4, other), [](const auto&) {});
  clock.advance(10s);
  std::uint32_t ended = 0;

  for (const auto& guest : {vm, other}) {
    on_a->migrate(guest, "b", [&](Result<MigrationSummary> end) {
      ++ended;
      EXPECT_GT(end->total_ms, 2 * 600U) << "256 MiB each at half of 400 MB/s";
    });
  }
  clock.advance(10s);

  EXPECT_EQ(ended, 2U);
}

TEST_F(SimulatedHostsTest, WaitsForACutWireAndThenGivesUp) {
  create();
  hosts.cut_wire("b", "a");
  move();
  clock.advance(2s);
  EXPECT_FALSE(moved.has_value());
  clock.advance(2s);
  ASSERT_TRUE(moved.has_value() && !moved->has_value());

  hosts.mend_wire("a", "b");
  move();
  clock.advance(10s);
  EXPECT_TRUE(moved->has_value());
}

TEST_F(SimulatedHostsTest, StartsAGuestLateWhenItWasAskedWhileItHung) {
  a.hang_hypervisor();
  create();
  ASSERT_TRUE(created.has_value() && !created->has_value());

  a.start_hypervisor();
  clock.advance(10s);

  EXPECT_TRUE(a.runs(vm)) << "a failed start is not a start that never happens";
}

TEST_F(SimulatedHostsTest, DoesNotNoticeAShortHang) {
  create();
  a.hang_hypervisor();
  a.kill_guest(vm);
  clock.advance(4s);
  EXPECT_THAT(at_a.gone, IsEmpty());

  a.start_hypervisor();
  clock.advance(1s);

  EXPECT_THAT(at_a.gone, testing::ElementsAre(std::pair(vm, GoneCause::crashed)));
  EXPECT_THAT(at_a.lost, IsEmpty());
}

}  // namespace
}  // namespace upbeat
