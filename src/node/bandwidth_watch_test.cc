// SPDX-License-Identifier: Apache-2.0
// How the wire is shared out among migrations, in virtual time.
#include "node/bandwidth_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clock/simulated_clock.h"
#include "hypervisor/simulated_hypervisor.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

struct Deaf final : HypervisorListener {
  void on_guest_running(const VmId& /*vm*/) override {}
  void on_guest_gone(const VmId& /*vm*/, GoneCause /*cause*/) override {}
  void on_hypervisor_back() override {}
  void on_hypervisor_lost(const Error& /*why*/) override {}
};

struct Moody final : SimulatedHypervisor {
  using SimulatedHypervisor::SimulatedHypervisor;
  void limit_bandwidth(const VmId& vm, std::optional<std::uint64_t> mib_per_s,
                       Done<void> done) override {
    if (refuses) return done(fail("cannot limit it: it is being made ready"));
    SimulatedHypervisor::limit_bandwidth(vm, mib_per_s, std::move(done));
  }
  bool refuses = false;
};

/// A host with guests of 1 GiB on the move to another, and a ring whose messages take `latency_`.
class BandwidthWatchTest : public testing::Test {
 protected:
  BandwidthWatchTest() {
    hosts_.add("node1", {.memory_kib = 8 << 20, .cores = 2, .hypervisor = "simulated"});
    hypervisor_.start(deaf_);
    clock_.advance(10ms);
  }

  void begin(std::optional<std::uint64_t> mib_per_s) {
    watch_.emplace(
        hypervisor_, clock_, mib_per_s,
        BandwidthHooks{.probe = [this] { return probe(); },
                       .outgoing_kib_per_s = [this] { return rates_; },
                       .first_in_line = [this] { return first_; },
                       .held_back = [this](const std::string& text) { told_.push_back(text); }});
    watch_->begin();
    clock_.advance(60s);
  }
  bool probe() {
    if (!in_step_) return false;
    probes_.push_back(clock_.after(latency_, [this, sent = clock_.now()] { watch_->back(sent); }));
    return true;
  }
  /// Says something to the hypervisor behind the watch's back, as one that forgets would.
  void becomes(const std::string& name, std::uint64_t mib_per_s) {
    hypervisor_.limit_bandwidth(VmId(name), mib_per_s, [](const auto& /*done*/) {});
    clock_.advance(5ms);
  }
  void leaves(const std::string& name) {
    const VmId vm(name);
    hosts_.host("node0").begin_with(vm, "", 1 << 20);
    hypervisor_.migrate(vm, "node1", [](const auto& /*end*/) {});
    rates_[vm] = std::uint64_t{100} * 1024;
    watch_->share();
  }
  std::uint64_t rate_mib_per_s(const std::string& name) {
    std::uint64_t rate = 0;
    hypervisor_.migration_progress(
        VmId(name), [&](const auto& now) { rate = now.value().value().rate_kib_per_s / 1024; });
    clock_.advance(10ms);
    return rate;
  }

  SimulatedClock clock_;
  SimulatedHosts hosts_{clock_};
  Moody hypervisor_{
      hosts_.add("node0", {.memory_kib = 8 << 20, .cores = 2, .hypervisor = "simulated"})};
  Deaf deaf_;
  std::map<VmId, std::uint64_t> rates_;
  std::optional<VmId> first_;
  std::chrono::milliseconds latency_{1};
  bool in_step_ = true;
  std::vector<Timer> probes_;
  std::vector<std::string> told_;
  std::optional<BandwidthWatch> watch_;
};

TEST_F(BandwidthWatchTest, TwoMigrationsShareWhatOneHadAlone) {
  begin(80);
  leaves("x0");
  clock_.advance(1s);
  EXPECT_EQ(rate_mib_per_s("x0"), 80U);

  leaves("x1");
  clock_.advance(1s);

  EXPECT_EQ(rate_mib_per_s("x0"), 40U);
  EXPECT_EQ(rate_mib_per_s("x1"), 40U);
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(BandwidthWatchTest, ASecondMigrationWaitsWithItsMemoryUntilTheFirstIsOver) {
  begin({});
  leaves("x0");
  clock_.advance(500ms);
  first_ = VmId("x0");

  leaves("x1");
  clock_.advance(500ms);

  EXPECT_EQ(rate_mib_per_s("x1"), in_line_mib_per_s);
  rates_.erase(VmId("x0"));
  first_ = VmId("x1");
  watch_->share();
  clock_.advance(300ms);
  EXPECT_GT(rate_mib_per_s("x1"), 100U) << "nobody is before it";
}

TEST_F(BandwidthWatchTest, WhatAHypervisorForgetsIsSaidAgain) {
  begin({});
  leaves("x0");
  first_ = VmId("x0");
  leaves("x1");
  rates_.erase(VmId("x0"));
  watch_->share();
  clock_.advance(20ms);

  becomes("x1", in_line_mib_per_s);
  clock_.advance(2 * busy_probe_interval);

  EXPECT_GT(rate_mib_per_s("x1"), 100U);
}

TEST_F(BandwidthWatchTest, WhatWasRefusedIsSaidAgain) {
  begin({});
  leaves("x0");
  first_ = VmId("x0");
  leaves("x1");
  clock_.advance(500ms);
  hypervisor_.refuses = true;
  rates_.erase(VmId("x0"));
  watch_->share();
  clock_.advance(20ms);
  hypervisor_.refuses = false;

  clock_.advance(2s);

  EXPECT_GT(rate_mib_per_s("x1"), 100U);
}

TEST_F(BandwidthWatchTest, AGuestOnItsWayAloneIsAsItsAdminSetIt) {
  begin({});
  leaves("x0");
  clock_.advance(500ms);

  becomes("x0", 7);
  clock_.advance(2s);

  EXPECT_EQ(rate_mib_per_s("x0"), 7U);
}

TEST_F(BandwidthWatchTest, WhatAnEarlierDaemonSaidHoldsNoLongerThanThisOneWantsIt) {
  begin({});
  leaves("x0");
  becomes("x0", in_line_mib_per_s);

  watch_->inherits(VmId("x0"));
  clock_.advance(2 * busy_probe_interval);

  EXPECT_GT(rate_mib_per_s("x0"), 100U);
}

TEST_F(BandwidthWatchTest, MigrationsGetLessWhenMessagesAreHeldUpAndMoreWhenTheyAreNot) {
  begin(80);
  leaves("x0");
  latency_ = 100ms;
  clock_.advance(1s);
  const auto held_back = rate_mib_per_s("x0");
  latency_ = 1ms;
  clock_.advance(8s);

  EXPECT_LE(held_back, 40U);
  EXPECT_EQ(rate_mib_per_s("x0"), 80U);
  ASSERT_GE(told_.size(), 2U);
  EXPECT_THAT(told_.front(), HasSubstr("get 40 MiB/s of the wire"));
  EXPECT_EQ(told_.back(), "");
}

TEST_F(BandwidthWatchTest, AMessageThatIsNotBackHoldsMigrationsBackBeforeItComes) {
  begin(80);
  latency_ = 1min;
  leaves("x0");

  clock_.advance(6s);

  EXPECT_LT(rate_mib_per_s("x0"), 40U);
}

TEST_F(BandwidthWatchTest, ANodeOutOfStepMeasuresNothing) {
  begin(80);
  leaves("x0");
  in_step_ = false;

  clock_.advance(8s);

  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(BandwidthWatchTest, NothingIsToldOfMigrationsThatAreOver) {
  begin(80);
  leaves("x0");
  latency_ = 100ms;
  clock_.advance(1s);
  rates_.clear();
  clock_.advance(1s);

  EXPECT_EQ(told_.back(), "");
}

}  // namespace
}  // namespace upbeat
