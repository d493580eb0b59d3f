// SPDX-License-Identifier: Apache-2.0
// The table [health]: what it takes, and a clear sentence for what it does not.
#include "daemon/config_health.h"

#include <gtest/gtest.h>

#include "daemon/config.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

std::string complaint(const std::string& text) {
  const auto config = read_config(text, "upbeat.toml");
  return config ? "" : config.error().text;
}

TEST(HealthTable, TakesAllThatAnOwnerMaySet) {
  const auto config = read_config(R"(
[health]
ill_for_s = 5
well_for_s = 6
ignore = ["disks", "memory"]
memory_errors_a_day = 100
degrees_below_critical = 7
disks = ["/dev/sda"]
file_systems = ["/srv"]
least_free_mib = 8
hypervisor_s = 60
sysfs = "/tmp/sys"
[health.raid]
command = ["/usr/local/sbin/check-raid", "md0"]
interval_s = 9
timeout_s = 10
[health.fans]
command = ["/usr/local/sbin/check-fans"]
)",
                                  "upbeat.toml");

  ASSERT_TRUE(config) << config.error().text;
  const auto& health = config->health;
  EXPECT_EQ(health.ill_for, 5s);
  EXPECT_EQ(health.well_for, 6s);
  EXPECT_EQ(health.ignore, (std::set<std::string>{"disks", "memory"}));
  EXPECT_EQ(health.memory_errors_a_day, 100U);
  EXPECT_EQ(health.degrees_below_critical, 7U);
  EXPECT_EQ(health.disks, std::vector<std::string>{"/dev/sda"});
  EXPECT_EQ(health.file_systems, std::vector<std::string>{"/srv"});
  EXPECT_EQ(health.least_free_mib, 8U);
  EXPECT_EQ(health.hypervisor, 60s);
  EXPECT_EQ(health.sysfs, "/tmp/sys");
  ASSERT_EQ(health.programs.size(), 2U);
  EXPECT_EQ(health.programs[0].name, "fans");
  EXPECT_EQ(health.programs[0].interval, 60s);
  EXPECT_EQ(health.programs[1].command,
            (std::vector<std::string>{"/usr/local/sbin/check-raid", "md0"}));
  EXPECT_EQ(health.programs[1].interval, 9s);
  EXPECT_EQ(health.programs[1].timeout, 10s);
}

struct Mistake {
  const char* toml;
  const char* words;
};

class HealthMistake : public testing::TestWithParam<Mistake> {};

TEST_P(HealthMistake, IsNamed) {
  EXPECT_TRUE(complaint(GetParam().toml).contains(GetParam().words)) << complaint(GetParam().toml);
}

INSTANTIATE_TEST_SUITE_P(
    Table, HealthMistake,
    testing::Values(
        Mistake{"health = 1\n", "health has to be a table: [health]"},
        Mistake{"[health]\nignore = [\"fans\"]\n",
                "line 2: [health] ignore names 'fans'; there are disks file_systems hypervisor"},
        Mistake{"[health]\nignore = \"disks\"\n",
                "line 2: [health] ignore expects at most 5 texts"},
        Mistake{"[health]\ndisks = [1]\n", "line 2: [health] disks expects at most 64 texts"},
        Mistake{"[health]\ndisks = [\"sda\"]\n", "[health] disks expects devices"},
        Mistake{"[health]\nfile_systems = [\"srv\"]\n", "[health] file_systems expects folders"},
        Mistake{"[health]\nhypervisor_s = 10\n",
                "[health] hypervisor_s expects a whole number from 30 to 3600"},
        Mistake{"[health]\ndegrees_below_critical = 51\n",
                "degrees_below_critical expects a whole number from 0 to 50"},
        Mistake{"[health]\nfans = 3\n", "line 2: [health] fans is not a key that upbeatd knows"},
        Mistake{"[health.fans]\n", "[health.fans] names no program; add command = [\"/usr/"},
        Mistake{"[health.fans]\ncommand = [\"check\"]\n",
                "line 2: [health.fans] command expects a program with its path"},
        Mistake{"[health.fans]\ncommand = \"/bin/true\"\n",
                "line 2: [health.fans] command expects at most 64 texts"},
        Mistake{"[health.fans]\ncommand = [\"/bin/true\"]\ninterval_s = 0\n",
                "line 3: [health.fans] interval_s expects a whole number from 1 to 86400"},
        Mistake{"[health.\"a b\"]\ncommand = [\"/bin/true\"]\n",
                "[health.a b] is no name for a program"}));

TEST(HealthTable, TakesOnlySoManyPrograms) {
  std::string text;
  for (int number = 0; number < 33; ++number) {
    text += "[health.p" + std::to_string(number) + "]\ncommand = [\"/bin/true\"]\n";
  }
  EXPECT_TRUE(complaint(text).contains("is one program too many; at most 32 can be run"));
}

}  // namespace
}  // namespace upbeat
