// SPDX-License-Identifier: Apache-2.0
// The part of the hypervisors' contract that takes two hosts: live migration.
#include <gmock/gmock.h>

#include "hypervisor/test/hypervisor_contract.h"

namespace upbeat::test {
namespace {

using testing::Contains;
using testing::HasSubstr;

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

/// A guest that writes without end, on its way over a wire that is too slow for it.
class HastenedMove : public HypervisorContract {
 protected:
  void begin(Kind kind, int wire_mib_per_s) {
    ASSERT_TRUE(create(Host::a, kind).has_value());
    ASSERT_TRUE(world().wait([&] { return world().booted(Host::a, vm); }));
    world().limit_bandwidth(Host::a, vm, wire_mib_per_s);
    move_ = begin_move("nodeB");
    // In the third round it begins to be plain that there will always be another.
    ASSERT_TRUE(world().wait([&] {
      const auto now = progress();
      return ended() || (now && *now && (*now)->rounds >= 3);
    }));
    ASSERT_FALSE(ended()) << "it came to its end without help";
  }
  [[nodiscard]] bool ended() const { return move_->end.has_value(); }
  void hasten(MoveStep step) {
    const auto taken = HypervisorContract::hasten(step);
    EXPECT_TRUE(taken.has_value()) << taken.error().text;
  }
  void expect_arrival() {
    ASSERT_TRUE(world().wait([&] { return ended(); }));
    ASSERT_TRUE(move_->end->has_value()) << move_->end->error().text;
    EXPECT_EQ(phase(Host::a), std::nullopt);
    EXPECT_EQ(phase(Host::b), GuestPhase::running);
    EXPECT_TRUE(hears_running(Host::b));
    EXPECT_TRUE(goes_on(Host::b)) << "it stands still";
  }
  std::shared_ptr<Move> move_;
};

TEST_P(HastenedMove, EndsWhenTheGuestMayStandStillForLonger) {
  begin(Kind::restless, 100);  // 160 ms for what it writes
  hasten(MoveStep::longer_pause);
  expect_arrival();
}

TEST_P(HastenedMove, EndsWhenTheGuestMayStandStillForLong) {
  begin(Kind::restless, 30);  // 530 ms
  hasten(MoveStep::longer_pause);
  hasten(MoveStep::long_pause);
  expect_arrival();
}

TEST_P(HastenedMove, EndsWhenTheGuestIsSlowedDown) {
  begin(Kind::busy, 12);  // 1.3 s
  hasten(MoveStep::slowed_down);
  expect_arrival();
}

TEST_P(HastenedMove, EndsWhenTheGuestStandsStillAndThenItGoesOn) {
  begin(Kind::restless, 8);  // 2 s
  hasten(MoveStep::stand_still);
  EXPECT_TRUE(world().wait([&] { return phase(Host::a) == GuestPhase::outgoing || ended(); }));
  expect_arrival();
}

TEST_P(HastenedMove, LetsAGuestThatStandsStillGoOnWhereItIsWhenItIsCancelled) {
  begin(Kind::restless, 6);
  hasten(MoveStep::stand_still);
  ASSERT_TRUE(cancel().has_value());
  ASSERT_TRUE(world().wait([&] { return ended(); }));
  EXPECT_FALSE(move_->end->has_value());
  EXPECT_EQ(phase(Host::a), GuestPhase::running);
  EXPECT_TRUE(goes_on(Host::a)) << "it stands still";
}

TEST_P(HastenedMove, IsNoneWhereNothingMoves) {
  ASSERT_TRUE(create(Host::a, Kind::idle).has_value());
  ASSERT_TRUE(world().wait([&] { return world().booted(Host::a, vm); }));
  EXPECT_FALSE(HypervisorContract::hasten(MoveStep::stand_still).has_value());
  EXPECT_EQ(phase(Host::a), GuestPhase::running);
  EXPECT_TRUE(goes_on(Host::a)) << "it stands still";
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

/// The hosts of the real world know each other's names in namespaces of their own, and the adapter
/// looks from outside: that libvirt is reached is seen between whole nodes
/// (test/lab/drill_test.sh).
class ReachedTwin : public HypervisorContract {};
INSTANTIATE_TEST_SUITE_P(Twin, ReachedTwin, testing::Values(&make_simulated_world));

TEST_P(ReachedTwin, IsTheOneThatGuestsWouldGoToAndTellsWhatItIs) {
  const auto there =
      await<std::string>([&](Done<std::string> done) { on(Host::a).reach("nodeB", done); });

  ASSERT_TRUE(there.has_value()) << there.error().text;
  const auto facts = await<HostFacts>([&](Done<HostFacts> done) { on(Host::b).host_facts(done); });
  ASSERT_TRUE(facts.has_value()) << facts.error().text;
  EXPECT_EQ(*there, facts->hypervisor);
}

TEST_P(HypervisorContract, TellsThatNoGuestCanGoWhereNoHypervisorAnswers) {
  world().stop_hypervisor(Host::b);
  const auto stopped =
      await<std::string>([&](Done<std::string> done) { on(Host::a).reach("nodeB", done); });
  world().start_hypervisor(Host::b);
  EXPECT_TRUE(world().wait([&] { return ear(Host::b).back == 1; }));
  const auto unknown =
      await<std::string>([&](Done<std::string> done) { on(Host::a).reach("nowhere", done); });

  ASSERT_FALSE(stopped.has_value());
  EXPECT_THAT(stopped.error().text, HasSubstr("cannot reach the hypervisor of nodeB"));
  ASSERT_FALSE(unknown.has_value());
  EXPECT_THAT(unknown.error().text, HasSubstr("cannot reach the hypervisor of nowhere"));
}

INSTANTIATE_TEST_SUITE_P(Libvirt, HastenedMove, testing::Values(&make_real_world));
INSTANTIATE_TEST_SUITE_P(Twin, HastenedMove, testing::Values(&make_simulated_world));

}  // namespace
}  // namespace upbeat::test
