// SPDX-License-Identifier: Apache-2.0
// Disks: what smartctl answers, and what of it matters.
#include "health/disks.h"

#include <gtest/gtest.h>

#include "health/test_folder.h"

namespace upbeat {
namespace {

Finding health(const std::string& json) { return *read_disk_health("/dev/sda", json); }

TEST(Disks, AreWellIfTheySaySo) {
  EXPECT_EQ(health(R"({"smart_status": {"passed": true}})").health, Health::well);
}

TEST(Disks, AreIllIfTheirSelfAssessmentFails) {
  EXPECT_EQ(health(R"({"model_name": "ST4000", "smart_status": {"passed": false}})"),
            (Finding{"/dev/sda", Health::ill,
                     "the disk /dev/sda (ST4000) is about to fail: its self-assessment (SMART) has "
                     "failed"}));
}

TEST(Disks, OfNvmeSayWhatIsWrong) {
  EXPECT_EQ(health(R"({"smart_status": {"passed": false, "nvme": {"value": 9}},
                       "nvme_smart_health_information_log": {"critical_warning": 9}})")
                .why,
            "the disk /dev/sda is about to fail: its spare blocks are used up, it has become "
            "read-only");
}

TEST(Disks, ThatSayNothingAreUnknown) {
  EXPECT_EQ(health(R"({"smartctl": {"exit_status": 0}})").health, Health::unknown);
  EXPECT_EQ(health(R"({"smart_status": "good"})").health, Health::unknown);
  EXPECT_FALSE(read_disk_health("/dev/sda", "no json"));
  EXPECT_FALSE(read_disk_health("/dev/sda", "[]"));
}

TEST(Disks, AreThoseThatSmartctlFinds) {
  const auto disks = read_disks(R"({"devices": [
      {"name": "/dev/sda", "type": "sat", "protocol": "ATA"},
      {"name": "/dev/nvme0", "type": "nvme"}, {"type": "scsi"}, 7]})");
  ASSERT_TRUE(disks);
  EXPECT_EQ(*disks, (std::vector<Disk>{{"/dev/sda", "sat"}, {"/dev/nvme0", "nvme"}}));
  EXPECT_TRUE(read_disks("{}")->empty());
  EXPECT_FALSE(read_disks("smartctl: command not found"));
}

/// Answers as smartctl does; sda fails, sdb says nothing, and nothing else can be opened.
constexpr const char* fake_smartctl = R"(
case "$*" in
"--scan --json=c")
  echo '{"devices": [{"name": "/dev/sda", "type": "sat"}, {"name": "/dev/sdb", "type": "scsi"}]}' ;;
"--json=c --health --attributes --nocheck=standby,0 --device=sat /dev/sda" | \
"--json=c --health --attributes --nocheck=standby,0 /dev/sda")
  echo '{"smart_status": {"passed": false}}'; exit 8 ;;
*)
  echo '{"smartctl": {"exit_status": 2}}'; exit 2 ;;
esac)";

TEST(DiskLooks, NameADiskThatFailsAndLetOneBeThatSaysNothing) {
  const TestFolder folder;
  const auto seen = DiskLook({}, folder.program("smartctl", fake_smartctl)).look(-1);

  EXPECT_EQ(seen.trouble, "");
  ASSERT_EQ(seen.findings.size(), 2U);
  EXPECT_EQ(seen.findings[0].health, Health::ill);
  EXPECT_EQ(seen.findings[1].health, Health::unknown);
}

TEST(DiskLooks, AreTroubledByANamedDiskThatSaysNothing) {
  const TestFolder folder;
  const auto seen =
      DiskLook({"/dev/sda", "/dev/sdc"}, folder.program("smartctl", fake_smartctl)).look(-1);

  ASSERT_EQ(seen.findings.size(), 2U);
  EXPECT_EQ(seen.findings[0].health, Health::ill);
  EXPECT_EQ(seen.trouble,
            "cannot tell how the disk /dev/sdc is: smartctl says nothing of its health; see "
            "smartctl(8)");
}

TEST(DiskLooks, NeedSmartctlOnlyIfDisksAreNamed) {
  const auto none = DiskLook({}, "/nowhere/smartctl").look(-1);
  EXPECT_TRUE(none.findings.empty());
  EXPECT_EQ(none.trouble, "");
  const auto named = DiskLook({"/dev/sda"}, "/nowhere/smartctl").look(-1);
  EXPECT_TRUE(named.trouble.starts_with("cannot tell how the disk /dev/sda is: cannot run "))
      << named.trouble;
}

}  // namespace
}  // namespace upbeat
