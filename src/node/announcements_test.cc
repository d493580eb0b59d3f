// SPDX-License-Identifier: Apache-2.0
// How the network is made to follow a guest, in virtual time.
#include "node/announcements.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clock/simulated_clock.h"
#include "hypervisor/simulated_hypervisor.h"
#include "network/simulated_announcer.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const VmId vm{"x0"};
const MacAddress mac{{0x52, 0x54, 0, 0, 0, 1}};
const MacAddress stranger{{2, 0, 0, 0, 0, 7}};
constexpr const char* definition =
    "<domain type='qemu'><name>x0</name><memory unit='MiB'>32</memory><devices>"
    "<interface type='bridge'><mac address='52:54:00:00:00:01'/><target dev='vnet0'/></interface>"
    "<interface type='bridge'><mac address='52:54:00:00:00:02'/><target dev='vnet1'/></interface>"
    "</devices></domain>";

struct Deaf final : HypervisorListener {
  void on_guest_running(const VmId& /*vm*/) override {}
  void on_guest_gone(const VmId& /*vm*/, GoneCause /*cause*/) override {}
  void on_hypervisor_back() override {}
  void on_hypervisor_lost(const Error& /*why*/) override {}
};

/// A node with a guest of two interfaces, one of them on a bridge.
class AnnouncementsTest : public testing::Test {
 protected:
  AnnouncementsTest() {
    hypervisor_.start(deaf_);
    announcer_.plug("vnet0");
    announcements_.start();
    clock_.advance(10ms);
    hypervisor_.create(vm, definition, [](const Result<void>& /*created*/) {});
    clock_.advance(1s);
  }

  std::string note() {
    std::string note;
    hypervisor_.network(vm, [&note](const auto& network) { note = network.value().note; });
    clock_.advance(10ms);
    return note;
  }
  void keep_note(const std::string& note) {
    hypervisor_.keep_note(vm, note, [](const Result<void>& /*kept*/) {});
    clock_.advance(10ms);
  }
  /// When each announcement of the MAC address went out, counted from `begin`.
  std::vector<std::int64_t> rounds_ms(MonotonicTime begin) {
    std::vector<std::int64_t> times;
    for (const auto& told : announcer_.told()) {
      if (told.what != to_text(mac)) continue;
      times.push_back(
          std::chrono::duration_cast<std::chrono::milliseconds>(told.at - begin).count());
    }
    return times;
  }
  std::vector<std::string> told() {
    std::vector<std::string> list;
    for (const auto& one : announcer_.told()) list.push_back(one.what);
    return list;
  }

  SimulatedClock clock_;
  SimulatedHosts hosts_{clock_};
  SimulatedHypervisor hypervisor_{
      hosts_.add("node0", {.memory_kib = 1 << 20, .cores = 2, .hypervisor = "simulated"})};
  SimulatedAnnouncer announcer_{clock_};
  Deaf deaf_;
  std::vector<std::string> said_;
  Announcements announcements_{hypervisor_, announcer_, clock_,
                               [this](const std::string& text) { said_.push_back(text); }};
};

TEST_F(AnnouncementsTest, AGuestThatCameIsAnnouncedAtOnceAndAgainUntilItIsHeard) {
  keep_note("52:54:00:00:00:01 10.0.0.1\n");
  const auto begin = clock_.now();

  announcements_.seen(vm, Arrival::migrated_in);
  clock_.advance(1s);
  announcer_.guest_sends("vnet0");
  clock_.advance(60s);

  EXPECT_THAT(rounds_ms(begin), ElementsAre(1, 51, 151, 351, 751));
  EXPECT_THAT(told(), Contains("52:54:00:00:00:01 10.0.0.1").Times(5));
  EXPECT_THAT(said_,
              Contains("x0 is heard on its new host after 1000 ms; it was announced 5 times"));
}

TEST_F(AnnouncementsTest, AGuestThatIsHeardAtOnceIsAnnouncedTwiceForAFrameMayBeLost) {
  const auto begin = clock_.now();

  announcements_.seen(vm, Arrival::migrated_in);
  clock_.advance(5ms);
  announcer_.guest_sends("vnet0");
  clock_.advance(60s);

  EXPECT_THAT(rounds_ms(begin), ElementsAre(1, 51));
}

TEST_F(AnnouncementsTest, AGuestThatStaysSilentIsLeftToItselfWithOneLineInTheLog) {
  const auto begin = clock_.now();

  announcements_.seen(vm, Arrival::migrated_in);
  clock_.advance(200s);

  const auto rounds = rounds_ms(begin);
  EXPECT_EQ(rounds.back(), 61'351);
  EXPECT_EQ(rounds.size(), 19U);
  EXPECT_THAT(said_, Contains(HasSubstr("has not been heard since it came, at vnet0")).Times(1));
}

TEST_F(AnnouncementsTest, AGuestThatWasHereIsNotAnnounced) {
  announcements_.seen(vm, Arrival::was_here);
  clock_.advance(10s);

  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(AnnouncementsTest, AGuestThatIsGoneIsAnnouncedNoMore) {
  announcements_.seen(vm, Arrival::migrated_in);
  clock_.advance(10ms);
  announcements_.gone(vm);
  const auto before = told().size();
  clock_.advance(10s);

  EXPECT_EQ(told().size(), before);
  EXPECT_FALSE(announcer_.announce("vnet0").has_value());
}

TEST_F(AnnouncementsTest, AGuestThatAnInventoryDoesNotShowIsGone) {
  announcements_.seen(vm, Arrival::was_here);
  clock_.advance(10ms);

  announcements_.keep_only({{.vm = vm}});
  EXPECT_TRUE(announcer_.announce("vnet0").has_value());
  announcements_.keep_only({});
  EXPECT_FALSE(announcer_.announce("vnet0").has_value());
}

TEST_F(AnnouncementsTest, WhatAGuestClaimsIsNotedWithItAndWhatAnotherTakesIsNot) {
  announcer_.plug("vnet1");
  announcements_.seen(vm, Arrival::was_here);
  clock_.advance(10ms);
  announcer_.guest_sends("vnet0", Claim{mac, *read_ip("10.0.0.1"), {}});
  announcer_.guest_sends("vnet0", Claim{mac, *read_ip("10.0.0.200"), {}});
  clock_.advance(2s);
  EXPECT_EQ(note(), "52:54:00:00:00:01 10.0.0.200 10.0.0.1\n");

  announcer_.others_claim({stranger, *read_ip("10.0.0.200"), {}});
  clock_.advance(2s);

  EXPECT_EQ(note(), "52:54:00:00:00:01 10.0.0.1\n");
}

TEST_F(AnnouncementsTest, TheNoteKeepsTheLinesOfInterfacesThatAreSilent) {
  announcer_.plug("vnet1");
  keep_note("52:54:00:00:00:01 10.0.0.1\n52:54:00:00:00:02 10.1.0.1\n");
  announcements_.seen(vm, Arrival::migrated_in);
  clock_.advance(10ms);

  announcer_.guest_sends("vnet0", Claim{mac, *read_ip("10.0.0.3"), {}});
  clock_.advance(2s);

  EXPECT_EQ(note(), "52:54:00:00:00:01 10.0.0.3 10.0.0.1\n52:54:00:00:00:02 10.1.0.1\n");
}

TEST_F(AnnouncementsTest, AnInterfaceThatIsLeftAloneIsToldOnceAndHarmsNoOther) {
  announcements_.seen(vm, Arrival::migrated_in);
  clock_.advance(10ms);

  EXPECT_THAT(said_, ElementsAre(HasSubstr("x0: cannot listen to vnet1")));
  EXPECT_THAT(told(), Contains("52:54:00:00:00:01"));
}

TEST_F(AnnouncementsTest, AnInterfaceThatIsPluggedInLaterIsFoundWithinAMinute) {
  announcements_.seen(vm, Arrival::was_here);
  clock_.advance(10ms);
  announcer_.plug("vnet1");

  clock_.advance(61s);
  announcements_.seen(vm, Arrival::was_here);
  clock_.advance(10ms);

  EXPECT_TRUE(announcer_.announce("vnet1").has_value());
}

}  // namespace
}  // namespace upbeat
