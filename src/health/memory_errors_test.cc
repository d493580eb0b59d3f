// SPDX-License-Identifier: Apache-2.0
// Memory errors: what the kernel counts, and when it matters.
#include "health/memory_errors.h"

#include <gtest/gtest.h>

#include "health/test_folder.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

MemoryCounts counts(std::uint64_t corrected, std::uint64_t uncorrected,
                    std::optional<std::uint64_t> since = 3600) {
  return {.controller = "mc0",
          .corrected = corrected,
          .uncorrected = uncorrected,
          .seconds_since_reset = since};
}

/// A watch that takes ten corrected errors a day.
class MemoryWatches : public testing::Test {
 protected:
  Finding judge(const MemoryCounts& one, MonotonicTime now = 0s) {
    return watch_.judge({one}, now).at(0);
  }

  MemoryWatch watch_{{.corrected_a_day = 10}};
};

TEST_F(MemoryWatches, FindOneUncorrectedErrorEnough) {
  EXPECT_EQ(judge(counts(0, 0)).health, Health::well);
  EXPECT_EQ(judge(counts(0, 1)), (Finding{"mc0", Health::ill,
                                          "memory controller mc0 has found 1 error that it could "
                                          "not correct"}));
  EXPECT_EQ(judge(counts(0, 0)).health, Health::well) << "the counters were reset";
}

TEST_F(MemoryWatches, FindMoreCorrectedErrorsThanAllowedInADayTooMany) {
  EXPECT_EQ(judge(counts(0, 0), 0h).health, Health::well);
  EXPECT_EQ(judge(counts(6, 0), 5h).health, Health::well);
  EXPECT_EQ(judge(counts(10, 0), 20h).health, Health::well);
  EXPECT_EQ(judge(counts(11, 0), 21h).why,
            "memory controller mc0 has corrected 11 errors in 24 hours");
  EXPECT_EQ(judge(counts(11, 0), 30h).health, Health::well) << "six of them are older than a day";
}

TEST_F(MemoryWatches, CountOnWhenTheCountersBeginAnew) {
  EXPECT_EQ(judge(counts(8, 0), 0h).health, Health::well);
  EXPECT_EQ(judge(counts(2, 0), 1h).health, Health::well);
  EXPECT_EQ(judge(counts(3, 0), 2h).health, Health::ill) << "8, 2 and 1";
}

TEST_F(MemoryWatches, TakeOfAHostThatIsUpForLongOnlyADaysShare) {
  EXPECT_EQ(judge(counts(1'000, 0, 100 * 86'400)).health, Health::well);
}

TEST_F(MemoryWatches, TakeAllThatWasCountedWithinADay) {
  EXPECT_EQ(judge(counts(1'000, 0, 86'400)).health, Health::ill);
}

TEST(Memory, MayCorrectErrorsWithoutEndIfNothingIsSet) {
  MemoryWatch watch({});
  EXPECT_EQ(watch.judge({counts(1'000'000, 0)}, 0s).at(0).health, Health::well);
}

TEST(Memory, IsReadFromTheKernelsFolders) {
  const TestFolder sysfs;
  EXPECT_TRUE(read_memory_counts(sysfs.path()).empty());
  for (const std::string controller : {"mc0", "mc10", "mc2"}) {
    const auto folder = "devices/system/edac/mc/" + controller;
    sysfs.write(folder + "/ce_count", "7\n");
    sysfs.write(folder + "/ue_count", "0\n");
  }
  sysfs.write("devices/system/edac/mc/mc2/seconds_since_reset", "90\n");
  sysfs.write("devices/system/edac/mc/mc10/ue_count", "nonsense\n");
  sysfs.write("devices/system/edac/mc/power/ue_count", "3\n");

  const auto all = read_memory_counts(sysfs.path());

  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].controller, "mc0");
  EXPECT_EQ(all[0].corrected, 7U);
  EXPECT_FALSE(all[0].seconds_since_reset);
  EXPECT_EQ(all[1].controller, "mc2");
  EXPECT_EQ(all[1].seconds_since_reset, 90U);
}

}  // namespace
}  // namespace upbeat
