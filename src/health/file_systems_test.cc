// SPDX-License-Identifier: Apache-2.0
// File systems: what the kernel tells, and what of it matters.
#include "health/file_systems.h"

#include <gtest/gtest.h>

#include "health/test_folder.h"

namespace upbeat {
namespace {

constexpr std::uint64_t gib_in_kib = 1024 * 1024;

FileSystem roomy() { return {.path = "/", .size_kib = gib_in_kib, .free_kib = gib_in_kib / 2}; }

std::string ails(FileSystemWatch& watch, const FileSystem& one) {
  return watch.judge({one})[0].why;
}

TEST(FileSystems, AreFullWithLessThanTheLimitFree) {
  FileSystemWatch watch({.least_free_mib = 50});
  auto one = roomy();
  one.free_kib = std::uint64_t{50} * 1024;
  EXPECT_EQ(ails(watch, one), "");
  one.free_kib -= 1;
  EXPECT_EQ(ails(watch, one), "the file system / is full: 49 of 1024 MiB are free");
}

TEST(FileSystems, ThatAreSmallMayHaveLittleFree) {
  FileSystemWatch watch({.least_free_mib = 64});
  auto one = roomy();
  one.size_kib = std::uint64_t{100} * 1024;
  one.free_kib = std::uint64_t{6} * 1024;
  EXPECT_EQ(ails(watch, one), "");
  one.free_kib = std::uint64_t{4} * 1024;
  EXPECT_EQ(ails(watch, one), "the file system / is full: 4 of 100 MiB are free");
}

TEST(FileSystems, AreFullWithoutInodes) {
  FileSystemWatch watch({});
  auto one = roomy();
  one.inodes = 1000;
  one.free_inodes = 10;
  EXPECT_EQ(ails(watch, one), "");
  one.free_inodes = 9;
  EXPECT_EQ(ails(watch, one), "the file system / is full: 9 of 1000 inodes are free");
}

TEST(FileSystems, MayBeReadOnlyByDesignUnlessTheyAreNamed) {
  FileSystemWatch usual({});
  FileSystemWatch named({.named = true});
  auto one = roomy();
  one.read_only = true;
  one.free_kib = 0;
  EXPECT_EQ(ails(usual, one), "") << "nor do such have room";
  EXPECT_EQ(ails(named, one), "the file system / is read-only");
}

TEST(FileSystems, AreIllIfTheyWereWritableBefore) {
  FileSystemWatch watch({});
  auto one = roomy();
  EXPECT_EQ(ails(watch, one), "");
  one.read_only = true;
  EXPECT_EQ(ails(watch, one), "the file system / has become read-only");
}

TEST(FileSystems, AreIllIfTheKernelHasMadeThemReadOnly) {
  FileSystemWatch watch({});
  auto one = roomy();
  one.read_only = true;
  one.broken = true;
  EXPECT_EQ(ails(watch, one), "the file system / was made read-only by the kernel, after an error");
}

constexpr const char* mountinfo =
    "25 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 ro,errors=remount-ro\n"
    "30 25 0:26 / /usr ro,relatime - erofs /dev/vda2 ro\n"
    "31 25 0:27 / /srv rw,relatime shared:2 master:1 - ext4 /dev/vdb rw,emergency_ro\n"
    "32 25 0:28 / /var rw - btrfs /dev/vdc rw\n"
    "33 25 0:29 / /mnt rw - ext4 /dev/vdd ro\n"
    "34 25 0:30 / /mnt rw - ext4 /dev/vde rw\n"
    "nonsense\n";

TEST(FileSystems, AreBrokenIfTheyCannotBeWrittenAlthoughMountedForIt) {
  EXPECT_TRUE(is_broken(mountinfo, "/"));
  EXPECT_TRUE(is_broken(mountinfo, "/etc"));
  EXPECT_FALSE(is_broken(mountinfo, "/usr")) << "it was mounted like that";
  EXPECT_TRUE(is_broken(mountinfo, "/srv/data"));
  EXPECT_FALSE(is_broken(mountinfo, "/var/lib"));
  EXPECT_FALSE(is_broken(mountinfo, "/mnt")) << "what is mounted over it counts";
  EXPECT_TRUE(is_broken(mountinfo, "/srvx")) << "is of the root";
  EXPECT_FALSE(is_broken("", "/"));
}

TEST(FileSystemLooks, SeeEachFileSystemOnce) {
  const TestFolder folder;
  const auto file = folder.write("a/b", "");
  FileSystemLook look({folder.path(), folder.path() + "/a", file}, {.least_free_mib = 0});
  const auto seen = look.look();
  ASSERT_EQ(seen.findings.size(), 1U);
  EXPECT_EQ(seen.findings[0], (Finding{folder.path(), Health::well, ""}));
  EXPECT_EQ(seen.trouble, "");
}

TEST(FileSystemLooks, AreTroubledByANamedOneThatIsNotThere) {
  FileSystemLook usual({"/nowhere"}, {});
  EXPECT_TRUE(usual.look().findings.empty());
  FileSystemLook named({"/nowhere"}, {.named = true});
  const auto seen = named.look();
  EXPECT_EQ(seen.trouble,
            "cannot look at the file system /nowhere: No such file or directory; correct [health] "
            "file_systems");
  EXPECT_EQ(seen.findings.at(0).health, Health::unknown);
}

}  // namespace
}  // namespace upbeat
