// SPDX-License-Identifier: Apache-2.0
// Temperatures: what the kernel tells, and when it matters.
#include "health/temperature.h"

#include <gtest/gtest.h>

#include "health/test_folder.h"

namespace upbeat {
namespace {

Finding judge(std::optional<std::int64_t> now, std::optional<std::int64_t> hot,
              std::optional<std::int64_t> critical) {
  return judge_temperatures({{.name = "thermal_zone0",
                              .type = "acpitz",
                              .now_millidegrees = now,
                              .hot_millidegrees = hot,
                              .critical_millidegrees = critical}},
                            {.degrees_below_critical = 5})
      .at(0);
}

TEST(Temperature, IsIllFromSomeDegreesBelowTheCriticalOneOn) {
  EXPECT_EQ(judge(99'999, {}, 105'000).health, Health::well);
  EXPECT_EQ(judge(100'000, {}, 105'000),
            (Finding{"thermal_zone0", Health::ill,
                     "thermal_zone0 (acpitz) is at 100 °C, and the kernel shuts the host down at "
                     "105 °C"}));
}

TEST(Temperature, IsIllFromTheHotOneOn) {
  EXPECT_EQ(judge(89'000, 90'000, {}).health, Health::well);
  EXPECT_EQ(judge(90'000, 90'000, {}).why,
            "thermal_zone0 (acpitz) is at 90 °C, which is too hot for it from 90 °C on");
}

TEST(Temperature, OfASensorThatFailsIsUnknown) {
  EXPECT_EQ(judge({}, {}, 105'000).health, Health::unknown);
  EXPECT_EQ(judge(2'147'483'647, {}, 105'000).health, Health::unknown);
  EXPECT_EQ(judge(-274'000, {}, 105'000).health, Health::unknown);
}

TEST(Temperature, OfAZoneWithoutATripPointIsNotJudged) {
  EXPECT_TRUE(judge_temperatures({{.name = "z",
                                   .type = "t",
                                   .now_millidegrees = 120'000,
                                   .hot_millidegrees = {},
                                   .critical_millidegrees = {}}},
                                 {})
                  .empty());
}

TEST(Temperature, IsReadFromTheKernelsFoldersAndTripPointsThatNobodySetAreNone) {
  const TestFolder sysfs;
  EXPECT_TRUE(read_thermal_zones(sysfs.path()).empty());
  sysfs.write("class/thermal/cooling_device0/type", "Processor\n");
  const std::string zone = "class/thermal/thermal_zone3/";
  sysfs.write(zone + "type", "x86_pkg_temp\n");
  sysfs.write(zone + "temp", "61000\n");
  const auto trip = [&](const std::string& number, const std::string& type, const std::string& at) {
    sysfs.write(zone + "trip_point_" + number + "_type", type + "\n");
    sysfs.write(zone + "trip_point_" + number + "_temp", at + "\n");
  };
  trip("0", "passive", "95000");
  trip("2", "critical", "-274000");
  trip("3", "critical", "110000");
  trip("4", "critical", "105000");
  trip("5", "hot", "0");

  const auto zones = read_thermal_zones(sysfs.path());

  ASSERT_EQ(zones.size(), 1U);
  EXPECT_EQ(zones[0].name, "thermal_zone3");
  EXPECT_EQ(zones[0].type, "x86_pkg_temp");
  EXPECT_EQ(zones[0].now_millidegrees, 61'000);
  EXPECT_EQ(zones[0].critical_millidegrees, 105'000) << "the lowest";
  EXPECT_FALSE(zones[0].hot_millidegrees);
}

}  // namespace
}  // namespace upbeat
