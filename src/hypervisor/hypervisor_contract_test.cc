// SPDX-License-Identifier: Apache-2.0
// One contract for hypervisors, run against libvirt with real guests and against the twin.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "hypervisor/test/contract_world.h"

namespace upbeat::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t guest_memory_kib = 32 * 1024;
const std::string uuid = "b7c4a3d2-5a0e-4d53-9a55-0242ac120002";

using MakeWorld = std::unique_ptr<World> (*)();
using Inventory = std::vector<Guest>;

/// One world for all tests of a suite; each test has a guest of its own name.
class HypervisorContract : public testing::TestWithParam<MakeWorld> {
 protected:
  static void TearDownTestSuite() { world_.reset(); }

  void SetUp() override {
    if (!world_) world_ = GetParam()();
    for (const Host host : {Host::a, Host::b}) ear(host) = Ear{};
  }

  void TearDown() override {
    if (!world_) return;
    for (const Host host : {Host::a, Host::b}) {
      EXPECT_TRUE(destroy(host, vm).has_value());
      EXPECT_TRUE(world().wait([&] { return inventory(host).empty(); }));
    }
  }

  static World& world() { return *world_; }
  static Hypervisor& on(Host host) { return world().hypervisor(host); }
  static Ear& ear(Host host) { return world().ear(host); }

  template <class T, class Call>
  static Result<T> await(Call call) {
    auto result = std::make_shared<std::unique_ptr<Result<T>>>();
    call([result](Result<T> got) { *result = std::make_unique<Result<T>>(std::move(got)); });
    if (!world().wait([&] { return *result != nullptr; })) return fail("it never ended");
    return **result;
  }

  static Result<void> create(Host host, const VmId& guest, const std::string& xml) {
    return await<void>([&](Done<void> done) { on(host).create(guest, xml, done); });
  }
  Result<void> create(Host host, Kind kind) {
    return create(host, vm, world().domain_xml(vm, uuid, kind));
  }
  static Result<void> destroy(Host host, const VmId& guest) {
    return await<void>([&](Done<void> done) { on(host).destroy(guest, done); });
  }
  static Result<Inventory> try_inventory(Host host) {
    return await<Inventory>([&](Done<Inventory> done) { on(host).inventory(done); });
  }
  static Inventory inventory(Host host) {
    const auto guests = try_inventory(host);
    EXPECT_TRUE(guests.has_value()) << guests.error().text;
    return guests.value_or(Inventory{});
  }
  std::optional<GuestPhase> phase(Host host) const {
    for (const auto& guest : inventory(host)) {
      if (guest.vm == vm) return guest.phase;
    }
    return std::nullopt;
  }

  /// A migration from a to b under way.
  struct Move {
    std::optional<Result<MigrationSummary>> end;
  };
  std::shared_ptr<Move> begin_move(const std::string& to) const {
    auto move = std::make_shared<Move>();
    on(Host::a).migrate(vm, to, [move](Result<MigrationSummary> end) { move->end = end; });
    return move;
  }
  Result<MigrationSummary> move(const std::string& to) const {
    const auto under_way = begin_move(to);
    if (!world().wait([&] { return under_way->end.has_value(); })) return fail("it never ended");
    return *under_way->end;
  }
  bool hears_gone(Host host, GoneCause cause) const {
    return world().wait([&] {
      const auto& gone = ear(host).gone;
      return std::ranges::find(gone, std::pair{vm, cause}) != gone.end();
    });
  }
  bool hears_running(Host host) const {
    return world().wait(
        [&] { return std::ranges::find(ear(host).running, vm) != ear(host).running.end(); });
  }
  Result<std::optional<MigrationProgress>> progress() const {
    return await<std::optional<MigrationProgress>>(
        [&](Done<std::optional<MigrationProgress>> done) {
          on(Host::a).migration_progress(vm, done);
        });
  }
  Result<void> cancel() const {
    return await<void>([&](Done<void> done) { on(Host::a).cancel_migration(vm, done); });
  }

  const VmId vm{"x" + std::to_string(guests_++)};

 private:
  static inline std::unique_ptr<World> world_;
  static inline int guests_ = 0;
};

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

TEST_P(HypervisorContract, MovesAGuestLiveAndBothHostsTellOfIt) {
  ASSERT_TRUE(create(Host::a, Kind::idle).has_value());

  const auto summary = move("nodeB");

  ASSERT_TRUE(summary.has_value()) << summary.error().text;
  EXPECT_GT(summary->total_ms, summary->downtime_ms);
  EXPECT_GT(summary->downtime_ms, 0U);
  EXPECT_EQ(phase(Host::a), std::nullopt);
  EXPECT_EQ(inventory(Host::b), (Inventory{{vm, uuid, guest_memory_kib, GuestPhase::running}}));
  EXPECT_TRUE(hears_gone(Host::a, GoneCause::migrated));
  EXPECT_TRUE(hears_running(Host::b));
  EXPECT_EQ(ear(Host::b).running.size(), 1U);
}

TEST_P(HypervisorContract, NeverShowsAMovingGuestRunningTwiceOrNowhere) {
  ASSERT_TRUE(create(Host::a, Kind::idle).has_value());
  std::vector<GuestPhase> seen_at_target;

  const auto under_way = begin_move("nodeB");
  while (!under_way->end) {
    // Reading takes time: what the target shows first and the source later, and then the reverse.
    const auto target_before = phase(Host::b);
    const auto source = phase(Host::a);
    const auto target = phase(Host::b);
    SCOPED_TRACE("source " + testing::PrintToString(source) + ", target " +
                 testing::PrintToString(target_before) + ", then " +
                 testing::PrintToString(target));
    EXPECT_FALSE(target_before == GuestPhase::running && source == GuestPhase::running);
    EXPECT_TRUE(source || target == GuestPhase::running);
    EXPECT_NE(source, GuestPhase::incoming);
    EXPECT_NE(target, GuestPhase::outgoing);
    if (target) seen_at_target.push_back(*target);
  }

  ASSERT_TRUE(under_way->end->has_value()) << under_way->end->error().text;
  EXPECT_THAT(seen_at_target, Contains(GuestPhase::incoming));
}

TEST_P(HypervisorContract, LetsAGuestThatNeverStopsWritingStandStillForLongerInTheEnd) {
  ASSERT_TRUE(create(Host::a, Kind::restless).has_value());
  ASSERT_TRUE(world().wait([&] { return world().booted(Host::a, vm); }));
  world().limit_bandwidth(Host::a, vm, 100);  // its 16 MiB take 160 ms, each time

  const auto moved = move("nodeB");

  EXPECT_TRUE(moved.has_value()) << moved.error().text;
  EXPECT_EQ(phase(Host::b), GuestPhase::running);
}

TEST_P(HypervisorContract, TellsHowFarAMigrationIs) {
  ASSERT_TRUE(create(Host::a, Kind::idle).has_value());
  ASSERT_TRUE(world().wait([&] { return world().booted(Host::a, vm); }));
  world().slow_down(Host::a, vm);
  std::optional<MigrationProgress> seen;

  const auto under_way = begin_move("nodeB");
  EXPECT_TRUE(world().wait([&] {
    const auto now = progress();
    const bool copies = now && *now && (*now)->rate_kib_per_s > 0 && (*now)->memory_left_kib > 0;
    if (copies) seen = *now;
    return seen.has_value() || under_way->end.has_value();
  }));
  EXPECT_TRUE(world().wait([&] { return under_way->end.has_value(); }));

  ASSERT_TRUE(seen.has_value());
  EXPECT_GE(seen->memory_total_kib, guest_memory_kib);
  EXPECT_LT(seen->memory_left_kib, seen->memory_total_kib);
  EXPECT_GE(seen->rounds, 1U);
}

TEST_P(HypervisorContract, SaysThatNoMigrationIsUnderWay) {
  ASSERT_TRUE(create(Host::a, Kind::idle).has_value());

  const auto far = progress();
  const auto cancelled = cancel();

  ASSERT_TRUE(far.has_value());
  EXPECT_FALSE(far->has_value());
  ASSERT_FALSE(cancelled.has_value());
  EXPECT_THAT(cancelled.error().text, HasSubstr("none is under way"));
}

TEST_P(HypervisorContract, KeepsTheGuestWhenItsMigrationIsCancelled) {
  ASSERT_TRUE(create(Host::a, Kind::idle).has_value());
  ASSERT_TRUE(world().wait([&] { return world().booted(Host::a, vm); }));
  world().slow_down(Host::a, vm);
  const auto under_way = begin_move("nodeB");
  ASSERT_TRUE(world().wait([&] { return phase(Host::b) == GuestPhase::incoming; }));

  const auto cancelled = cancel();

  EXPECT_TRUE(cancelled.has_value()) << cancelled.error().text;
  ASSERT_TRUE(world().wait([&] { return under_way->end.has_value(); }));
  EXPECT_FALSE(under_way->end->has_value());
  EXPECT_EQ(phase(Host::a), GuestPhase::running);
  EXPECT_TRUE(hears_gone(Host::b, GoneCause::failed));
  EXPECT_EQ(ear(Host::b).running.size(), 0U);
}

TEST_P(HypervisorContract, CancelsAMigrationThatHasOnlyJustBegun) {
  ASSERT_TRUE(create(Host::a, Kind::idle).has_value());
  ASSERT_TRUE(world().wait([&] { return world().booted(Host::a, vm); }));
  world().slow_down(Host::a, vm);

  const auto under_way = begin_move("nodeB");
  const auto cancelled = cancel();

  EXPECT_TRUE(cancelled.has_value()) << cancelled.error().text;
  ASSERT_TRUE(world().wait([&] { return under_way->end.has_value(); }));
  EXPECT_FALSE(under_way->end->has_value());
  EXPECT_EQ(phase(Host::a), GuestPhase::running);
}

TEST_P(HypervisorContract, RefusesASecondMigrationOfAMovingGuest) {
  ASSERT_TRUE(create(Host::a, Kind::idle).has_value());
  ASSERT_TRUE(world().wait([&] { return world().booted(Host::a, vm); }));
  world().slow_down(Host::a, vm);
  const auto first = begin_move("nodeB");

  const auto second = move("nodeB");

  ASSERT_FALSE(second.has_value());
  EXPECT_THAT(second.error().text, HasSubstr("under way already"));
  EXPECT_TRUE(world().wait([&] { return first->end.has_value(); }));
}

TEST_P(HypervisorContract, KeepsTheGuestWhenTheTargetCannotBeReached) {
  ASSERT_TRUE(create(Host::a, Kind::idle).has_value());
  world().stop_hypervisor(Host::b);

  const auto refused = move("nodeB");

  world().start_hypervisor(Host::b);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().text, HasSubstr("cannot migrate " + vm.get() + " to nodeB: "));
  EXPECT_EQ(phase(Host::a), GuestPhase::running);
  EXPECT_TRUE(world().wait([&] { return ear(Host::b).back == 1; }));
}

TEST_P(HypervisorContract, KeepsTheGuestWhenTheTargetIsUnknown) {
  ASSERT_TRUE(create(Host::a, Kind::idle).has_value());

  const auto refused = move("nowhere");

  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().text, HasSubstr("nowhere"));
  EXPECT_EQ(phase(Host::a), GuestPhase::running);
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
