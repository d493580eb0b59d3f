// SPDX-License-Identifier: Apache-2.0
// One contract for announcers, run against Linux bridges with taps and against the twin.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "network/contract_world.h"

namespace upbeat::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Pair;

const GuestInterface guest{"tap0", {{0x52, 0x54, 0, 0, 0, 1}}};
const GuestInterface second{"tap1", {{0x52, 0x54, 0, 0, 0, 2}}};
const MacAddress stranger{{2, 0, 0, 0, 0, 7}};

Claim claim(const MacAddress& mac, const std::string& address) {
  return {mac, *read_ip(address), {}};
}

using MakeWorld = std::unique_ptr<World> (*)();

class AnnouncerContract : public testing::TestWithParam<MakeWorld> {
 protected:
  void SetUp() override { world_ = GetParam()(); }

  World& world() { return *world_; }
  Announcer& announcer() { return world_->announcer(); }
  Ear& ear() { return world_->ear(); }
  void watch(const GuestInterface& interface, const std::string& known = "") {
    const auto watched = announcer().watch(interface, known);
    ASSERT_TRUE(watched.has_value()) << watched.error().text;
  }
  /// Waits until as many announcements came out of the network.
  std::vector<std::string> told(std::size_t count) {
    std::vector<std::string> all;
    world().wait([&] {
      for (auto& one : world().told()) all.push_back(one);
      return all.size() >= count;
    });
    return all;
  }

 private:
  std::unique_ptr<World> world_;
};

INSTANTIATE_TEST_SUITE_P(Bridge, AnnouncerContract, testing::Values(&make_bridge_world));
INSTANTIATE_TEST_SUITE_P(Twin, AnnouncerContract, testing::Values(&make_simulated_world));

TEST_P(AnnouncerContract, TellsTheMacAddressAndAllThatIsKnown) {
  watch(guest, "52:54:00:00:00:02 10.0.0.2\n52:54:00:00:00:01 10.0.0.1 2001:db8::1\n");
  world().told();

  const auto sent = announcer().announce("tap0");

  ASSERT_TRUE(sent.has_value()) << sent.error().text;
  EXPECT_THAT(told(3), IsSupersetOf({"52:54:00:00:00:01", "52:54:00:00:00:01 10.0.0.1",
                                     "52:54:00:00:00:01 2001:db8::1"}));
}

TEST_P(AnnouncerContract, HearsAGuestOnceAfterEachWatch) {
  watch(guest);
  world().guest_sends("tap0", std::nullopt);
  world().guest_sends("tap0", std::nullopt);
  ASSERT_TRUE(world().wait([&] { return !ear().heard.empty(); }));

  watch(guest);
  world().guest_sends("tap0", std::nullopt);

  ASSERT_TRUE(world().wait([&] { return ear().heard.size() == 2; }));
  EXPECT_THAT(ear().heard, ElementsAre("tap0", "tap0"));
}

TEST_P(AnnouncerContract, DoesNotTakeForTheGuestWhatItsHypervisorOrAnotherSends) {
  watch(guest);
  watch(second);

  world().hypervisor_announces("tap0", guest.mac);
  world().other_sends(claim(stranger, "10.0.0.9"));
  world().guest_sends("tap1", std::nullopt);

  ASSERT_TRUE(world().wait([&] { return !ear().heard.empty(); }));
  EXPECT_THAT(ear().heard, ElementsAre("tap1"));
}

TEST_P(AnnouncerContract, LearnsWhatTheGuestClaimsAndAnnouncesThatToo) {
  watch(guest);
  world().guest_sends("tap0", std::nullopt);
  ASSERT_TRUE(world().wait([&] { return !ear().heard.empty(); }));

  world().guest_sends("tap0", claim(guest.mac, "10.0.0.1"));
  ASSERT_TRUE(world().wait([&] { return ear().learned.size() == 1; }));
  world().guest_sends("tap0", claim(guest.mac, "10.0.0.1"));
  world().guest_sends("tap0", claim(stranger, "10.0.0.8"));
  world().guest_sends("tap0", claim(guest.mac, "fe80::1"));
  ASSERT_TRUE(world().wait([&] { return ear().learned.size() == 2; }));

  EXPECT_THAT(ear().learned, ElementsAre(Pair("tap0", "52:54:00:00:00:01 10.0.0.1"),
                                         Pair("tap0", HasSubstr(" 10.0.0.1"))));
  world().told();
  ASSERT_TRUE(announcer().announce("tap0").has_value());
  EXPECT_THAT(told(3), IsSupersetOf({"52:54:00:00:00:01 10.0.0.1", "52:54:00:00:00:01 fe80::1"}));
}

TEST_P(AnnouncerContract, ForgetsAnAddressThatAnotherClaims) {
  watch(guest, "52:54:00:00:00:01 10.0.0.1 10.0.0.200");

  world().other_sends(claim(stranger, "10.0.0.200"));

  ASSERT_TRUE(world().wait([&] { return !ear().learned.empty(); }));
  EXPECT_THAT(ear().learned, ElementsAre(Pair("tap0", "52:54:00:00:00:01 10.0.0.1")));
}

TEST_P(AnnouncerContract, ForgetsAnAddressThatAnotherGuestOfThisHostClaims) {
  watch(guest, "52:54:00:00:00:01 10.0.0.200");
  watch(second);

  world().guest_sends("tap1", claim(second.mac, "10.0.0.200"));
  world().other_sends(claim(stranger, "10.0.0.200"));

  ASSERT_TRUE(world().wait([&] { return ear().learned.size() >= 3; }));
  EXPECT_THAT(ear().learned, testing::Contains(Pair("tap0", "52:54:00:00:00:01")));
  EXPECT_THAT(ear().learned.back(), Pair("tap1", "52:54:00:00:00:02"));
}

TEST_P(AnnouncerContract, LeavesAloneWhatIsOnNoBridge) {
  for (const auto* device : {"tap3", "tap9", "../tap0", ""}) {
    const auto watched = announcer().watch({device, guest.mac}, "");
    ASSERT_FALSE(watched.has_value()) << device;
    EXPECT_FALSE(announcer().announce(device).has_value()) << device;
  }
}

TEST_P(AnnouncerContract, SaysNothingMoreOfAnInterfaceThatItForgot) {
  watch(guest);
  watch(second);
  announcer().forget("tap0");

  world().guest_sends("tap0", claim(guest.mac, "10.0.0.1"));
  world().guest_sends("tap1", std::nullopt);

  ASSERT_TRUE(world().wait([&] { return !ear().heard.empty(); }));
  EXPECT_THAT(ear().heard, ElementsAre("tap1"));
  EXPECT_THAT(ear().learned, IsEmpty());
  EXPECT_FALSE(announcer().announce("tap0").has_value());
}

TEST_P(AnnouncerContract, OutlivesAnInterfaceThatVanishes) {
  watch(guest);
  watch(second);
  world().unplug("tap0");
  world().guest_sends("tap1", std::nullopt);
  ASSERT_TRUE(world().wait([&] { return !ear().heard.empty(); }));

  announcer().forget("tap0");
  EXPECT_FALSE(announcer().watch(guest, "").has_value());
  world().guest_sends("tap1", claim(second.mac, "10.0.0.2"));

  EXPECT_TRUE(world().wait([&] { return !ear().learned.empty(); }));
}

}  // namespace
}  // namespace upbeat::test
