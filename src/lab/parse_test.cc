// SPDX-License-Identifier: Apache-2.0
// What the lab reads from other programs: QEMU's arguments, apt, mounts, modules, Corosync, guests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/cluster.h"
#include "lab/control_group.h"
#include "lab/guest_root.h"
#include "lab/guest_status.h"
#include "lab/node_image.h"
#include "lab/overlay.h"
#include "lab/package.h"
#include "lab/up.h"
#include "lab/world.h"

namespace upbeat::lab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string arguments(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += word + '\0';
  return out;
}

TEST(QemuArguments, TellTheGuestAndWhetherItBootedHere) {
  const auto found = parse_qemu_arguments(
      arguments({"/usr/bin/qemu-system-x86_64", "-name", "guest=x3,debug-threads=on", "-S"}));

  EXPECT_EQ(found.vm, "x3");
  EXPECT_EQ(found.origin, Origin::booted);
}

TEST(QemuArguments, TellAGuestThatCameByMigration) {
  const auto found = parse_qemu_arguments(
      arguments({"qemu-system-x86_64", "-name", "guest=x3", "-incoming", "defer"}));

  EXPECT_EQ(found.vm, "x3");
  EXPECT_EQ(found.origin, Origin::migrated_in);
}

TEST(QemuArguments, OfAQemuThatIsNoLibvirtGuestGiveNoName) {
  EXPECT_EQ(parse_qemu_arguments(arguments({"qemu-system-x86_64", "-machine", "none"})).vm, "");
  EXPECT_EQ(parse_qemu_arguments(arguments({"qemu-system-x86_64", "-name"})).vm, "");
  EXPECT_EQ(parse_qemu_arguments("").vm, "");
}

TEST(Sources, AreTheMachinesOwnForTheSuiteItsBackportsAndNobodyElses) {
  const auto lines = sources_for("bookworm",
                                 "Packages|http://a/debian/|bookworm|main\n"
                                 "Translations|http://a/debian/|bookworm|main\n"
                                 "Packages|http://a/debian/|bookworm|contrib\n"
                                 "Packages|http://a/security/|bookworm-security|main\n"
                                 "Packages|http://b/tool/|stable|main\n");

  EXPECT_THAT(lines, ElementsAre("deb http://a/debian/ bookworm main",
                                 "deb http://a/debian/ bookworm-backports main",
                                 "deb http://a/security/ bookworm-security main"));
}

TEST(ImageKey, IsTheSameEachTime) { EXPECT_EQ(image_key(), image_key()); }

TEST(Mounts, AreThoseAtOrBelowAFolderAndNotItsNeighbours) {
  const auto found = mounts_below(
      "overlay /v/lab/node0/root overlay rw 0 0\n"
      "tmpfs /v/lab/node0/root/x tmpfs rw 0 0\n"
      "overlay /v/lab2/node0/root overlay rw 0 0\n"
      "tmpfs /v tmpfs rw 0 0\n",
      "/v/lab");

  EXPECT_THAT(found, ElementsAre("/v/lab/node0/root", "/v/lab/node0/root/x"));
}

TEST(ControlGroups, AreThoseOfSystemdOnOldAndNewMachines) {
  EXPECT_THAT(systemd_hierarchies("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n"),
              ElementsAre("/sys/fs/cgroup"));
  EXPECT_THAT(systemd_hierarchies("tmpfs /sys/fs/cgroup tmpfs rw 0 0\n"
                                  "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n"
                                  "cgroup /sys/fs/cgroup/systemd cgroup rw,name=systemd 0 0\n"
                                  "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n"
                                  "cgroup /tmp/unifiedVgtwaP cgroup2 rw 0 0\n"),
              ElementsAre("/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"));
}

TEST(RemoveFolder, RefusesWhileSomethingIsMountedThere) {
  const auto removed = remove_folder("/proc");

  ASSERT_FALSE(removed);
  EXPECT_THAT(removed.error().text, HasSubstr("something is still mounted in it"));
}

TEST(ModuleOrder, PutsEachModuleBehindWhatItNeeds) {
  const std::string dep =
      "kernel/virtio_net.ko: kernel/net-failover.ko kernel/virtio.ko\n"
      "kernel/net-failover.ko: kernel/failover.ko\n"
      "kernel/failover.ko:\n"
      "kernel/virtio.ko.xz:\n"
      "kernel/unrelated.ko:\n";

  EXPECT_THAT(module_order(dep, {"virtio_net"}),
              ElementsAre("kernel/failover.ko", "kernel/net-failover.ko", "kernel/virtio.ko.xz",
                          "kernel/virtio_net.ko"));
}

TEST(ModuleOrder, TakesAModuleThatIsNotListedAsBuiltIn) {
  EXPECT_THAT(module_order("kernel/a.ko:\n", {"virtio_blk"}), IsEmpty());
}

TEST(Quorum, NeedsAllNodesAndTheVerdict) {
  const std::string all =
      "Quorum information\n------------------\nNodes:            4\nNode ID:          1\n"
      "Quorate:          Yes\n\nMembership information\n1 1 node0 (local)\n";

  EXPECT_TRUE(all_in_quorum(all, 4));
  EXPECT_FALSE(all_in_quorum(all, 3));
  EXPECT_FALSE(all_in_quorum("Nodes:            4\nQuorate:          No\n", 4));
  EXPECT_FALSE(all_in_quorum("", 4));
}

TEST(ClusterStatus, CountsTheNodesThatAreOnline) {
  EXPECT_EQ(nodes_up(R"({"nodes":[{"standing":"online"},{"standing":"lost"},
                                  {"standing":"online"}]})"),
            2);
  EXPECT_EQ(nodes_up(""), 0);
  EXPECT_EQ(nodes_up(R"({"nodes":{}})"), 0);
  EXPECT_EQ(nodes_up(R"({"nodes":[1,{}]})"), 0);
}

TEST(GuestStatus, IsReadFromTheGuestsLine) {
  const auto status = parse_guest_status(
      R"({"vm":"x1","boot_id":"b","uptime_s":7.250,"memory_checks":9,"memory_errors":1,)"
      R"("disk_writes":3,"disk_errors":2,"stack_echoes":5})");

  ASSERT_TRUE(status) << status.error().text;
  EXPECT_EQ(status->vm, "x1");
  EXPECT_DOUBLE_EQ(status->uptime_s, 7.25);
  EXPECT_EQ(status->memory_errors, 1);
  EXPECT_EQ(status->disk_errors, 2);
  EXPECT_EQ(status->stack_echoes, 5);
}

TEST(GuestStatus, WithoutAnIdentityIsNone) {
  for (const char* bad : {"", "7", "{}", R"({"vm":"x1"})", R"({"vm":1,"boot_id":"b"})"}) {
    EXPECT_FALSE(parse_guest_status(bad)) << bad;
  }
}

TEST(FindPackage, SaysWhatToDoWhenThereIsNone) {
  const auto given = find_package("/no/such.deb", "/usr/bin/upbeat");
  ASSERT_FALSE(given);
  EXPECT_THAT(given.error().text, HasSubstr("there is no such file"));

  const auto found = find_package("", "/proc/1/no/upbeat");
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().text, HasSubstr("--deb FILE"));
}

}  // namespace
}  // namespace upbeat::lab
