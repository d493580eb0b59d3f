// SPDX-License-Identifier: Apache-2.0
// The part of the hypervisors' contract about guests' networks, and the note that goes with a
// guest.
#include <gmock/gmock.h>

#include "hypervisor/test/hypervisor_contract.h"

namespace upbeat::test {
namespace {

using testing::HasSubstr;

const MacAddress mac{{0x52, 0x54, 0, 0x0a, 9, 0x64}};
constexpr const char* interface_xml =
    "<interface type='ethernet'><mac address='52:54:00:0a:09:64'/><target dev='guest0'/>"
    "<model type='e1000'/><rom enabled='no'/></interface>";

class NetworkContract : public HypervisorContract {
 protected:
  Result<void> create_with_interface() {
    auto xml = world().domain_xml(vm, uuid, Kind::idle);
    const auto end = xml.find("</devices>");
    if (end == std::string::npos) {
      xml.insert(xml.find("</domain>"), std::string("<devices>") + interface_xml + "</devices>");
    } else {
      xml.insert(end, interface_xml);
    }
    return create(Host::a, vm, xml);
  }
  Result<GuestNetwork> network(Host host) {
    return await<GuestNetwork>(
        [&](Done<GuestNetwork> done) { on(host).network(vm, std::move(done)); });
  }
  Result<void> keep_note(Host host, const std::string& note) {
    return await<void>([&](Done<void> done) { on(host).keep_note(vm, note, std::move(done)); });
  }
};

INSTANTIATE_TEST_SUITE_P(Libvirt, NetworkContract, testing::Values(&make_real_world));
INSTANTIATE_TEST_SUITE_P(Twin, NetworkContract, testing::Values(&make_simulated_world));

TEST_P(NetworkContract, TellsTheDeviceAndAddressOfEachInterface) {
  const auto created = create_with_interface();
  ASSERT_TRUE(created.has_value()) << created.error().text;

  const auto read = network(Host::a);

  ASSERT_TRUE(read.has_value()) << read.error().text;
  EXPECT_EQ(*read, (GuestNetwork{{{"guest0", mac}}, ""}));
}

TEST_P(NetworkContract, KeepsTheLastNote) {
  ASSERT_TRUE(create_with_interface().has_value());

  const auto first = keep_note(Host::a, "one <&>\n");
  ASSERT_TRUE(first.has_value()) << first.error().text;
  ASSERT_TRUE(keep_note(Host::a, "two <&>\nlines").has_value());

  EXPECT_EQ(network(Host::a).value_or(GuestNetwork{}).note, "two <&>\nlines");
}

TEST_P(NetworkContract, TakesTheNoteAlongWhereTheGuestMigrates) {
  ASSERT_TRUE(create_with_interface().has_value());
  ASSERT_TRUE(keep_note(Host::a, "52:54:00:0a:09:64 10.9.0.100\n").has_value());

  const auto moved = move("nodeB");
  ASSERT_TRUE(moved.has_value()) << moved.error().text;
  ASSERT_TRUE(hears_running(Host::b));

  EXPECT_EQ(network(Host::b), (GuestNetwork{{{"guest0", mac}}, "52:54:00:0a:09:64 10.9.0.100\n"}));
}

TEST_P(NetworkContract, RefusesANoteOnAGuestThatMigratesAtOnce) {
  ASSERT_TRUE(create(Host::a, Kind::restless).has_value());
  world().slow_down(Host::a, vm);
  const auto under_way = begin_move("nodeB");

  const auto kept = keep_note(Host::a, "late");

  ASSERT_FALSE(kept.has_value());
  EXPECT_THAT(kept.error().text, HasSubstr("it migrates"));
  EXPECT_FALSE(under_way->end.has_value());
  EXPECT_TRUE(cancel().has_value());
  EXPECT_TRUE(world().wait([&] { return under_way->end.has_value(); }));
}

TEST_P(NetworkContract, CopiesNoMoreASecondThanItIsToldUntilItIsToldOtherwise) {
  ASSERT_TRUE(create(Host::a, Kind::idle).has_value());
  ASSERT_TRUE(world().wait([&] { return world().booted(Host::a, vm); }));
  const auto limit = [&](std::optional<std::uint64_t> mib_per_s) {
    return await<void>(
        [&](Done<void> done) { on(Host::a).limit_bandwidth(vm, mib_per_s, std::move(done)); });
  };

  const auto too_early = limit(2);
  EXPECT_TRUE(too_early.has_value()) << too_early.error().text;
  const auto under_way = begin_move("nodeB");
  const auto at_once = limit(1);
  ASSERT_TRUE(at_once.has_value()) << at_once.error().text;
  const auto copies = [&] {
    const auto now = progress();
    return now && *now && (*now)->rate_kib_per_s > 0;
  };
  ASSERT_TRUE(world().wait([&] { return copies() || under_way->end; }));
  ASSERT_FALSE(under_way->end.has_value()) << "16 MiB take 16 s";
  EXPECT_LT(progress().value().value_or(MigrationProgress{}).rate_kib_per_s, 3 * 1024U);
  const auto raised = limit(std::nullopt);

  EXPECT_TRUE(raised.has_value()) << raised.error().text;
  ASSERT_TRUE(world().wait([&] { return under_way->end.has_value(); }));
  ASSERT_TRUE(under_way->end->has_value()) << under_way->end->error().text;
  EXPECT_LT((*under_way->end)->total_ms, 12'000U);
}

TEST_P(NetworkContract, RefusesWhatIsNoPlainTextAndAGuestThatIsElsewhere) {
  const auto absent = keep_note(Host::a, "note");
  EXPECT_FALSE(absent.has_value());
  EXPECT_FALSE(network(Host::a).has_value());

  ASSERT_TRUE(create(Host::a, Kind::idle).has_value());
  EXPECT_FALSE(keep_note(Host::a, std::string(guest_note_limit_bytes + 1, 'a')).has_value());
}

}  // namespace
}  // namespace upbeat::test
