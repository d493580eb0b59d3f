// SPDX-License-Identifier: Apache-2.0
// Each mistake in the configuration file gets one clear sentence.
#include "daemon/config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace upbeat {
namespace {

std::string complaint(const std::string& text) {
  const auto config = read_config(text, "upbeat.toml");
  return config ? "" : config.error().text;
}

TEST(Config, ReadsEverythingAnOwnerMaySet) {
  const auto config = read_config(R"(
[node]
memory_mib = 1024
host_reserve_mib = 128
[hypervisor]
uri = "xen:///system"
migrate_uri = "xen+tcp://{node}/system"
[migration]
bandwidth_mib_s = 800
[shutdown]
budget_s = 90
[api]
socket = "/tmp/api.sock"
[state]
file = "/tmp/state.db"
[fence.strip]
agent = "fence_apc_snmp"
timeout_s = 5
retries = 1
options = { ip = "10.9.0.254", port = 161, verbose = true }
plugs = { node0 = "1", node1 = ["2", 3] }
level = 2
[watchdog]
device = "/dev/watchdog1"
timeout_s = 45
)",
                                  "upbeat.toml");

  ASSERT_TRUE(config) << config.error().text;
  EXPECT_EQ(config->memory_mib, 1024U);
  EXPECT_EQ(config->host_reserve_mib, 128U);
  EXPECT_EQ(config->hypervisor_uri, "xen:///system");
  EXPECT_EQ(config->migration_mib_per_s, 800U);
  EXPECT_EQ(config->shutdown_budget, std::chrono::seconds(90));
  ASSERT_EQ(config->fence.size(), 1U);
  EXPECT_EQ(config->fence[0].options.at("port"), "161");
  EXPECT_EQ(config->fence[0].plugs.at("node0"), std::vector<std::string>{"1"});
  EXPECT_EQ(config->fence[0].plugs.at("node1"), (std::vector<std::string>{"2", "3"}));
  EXPECT_EQ(config->fence[0].level, 2U);
  ASSERT_TRUE(config->watchdog);
  EXPECT_EQ(config->watchdog->device, "/dev/watchdog1");
  EXPECT_EQ(config->watchdog->timeout, std::chrono::seconds(45));
}

TEST(Config, UsesAWatchdogOnlyIfItsTableIsThereAndNamesADevice) {
  const auto watchdog = [](const std::string& text) {
    return read_config(text, "upbeat.toml")->watchdog;
  };

  EXPECT_FALSE(watchdog(""));
  EXPECT_FALSE(watchdog("[watchdog]\ndevice = \"\"\n"));
  ASSERT_TRUE(watchdog("[watchdog]\n"));
  EXPECT_EQ(watchdog("[watchdog]\n")->device, "/dev/watchdog");
  EXPECT_EQ(watchdog("[watchdog]\n")->timeout, std::chrono::seconds(30));
}

TEST(Config, RefusesAWatchdogsTimeOutOfBoundsAndSaysWhy) {
  EXPECT_EQ(complaint("[watchdog]\ntimeout_s = 9\n"),
            "cannot use upbeat.toml: [watchdog] timeout_s expects a whole number from 10 to 120: "
            "with less a host that is well might be reset, with more the guests of one that is "
            "lost wait for too long");
  EXPECT_NE(complaint("[watchdog]\ntimeout_s = 121\n"), "");
  EXPECT_NE(complaint("[watchdog]\ntimeout_s = 0\n"), "");
  EXPECT_NE(complaint("[watchdog]\ntimeout_s = 12.5\n"), "");
  EXPECT_EQ(complaint("[watchdog]\ntimeout_s = 10\n"), "");
  EXPECT_EQ(complaint("[watchdog]\ntimeout_s = 120\n"), "");
}

TEST(Config, NamesAnUnknownKeyOfTheWatchdogAndAWatchdogThatIsNoTable) {
  EXPECT_TRUE(complaint("[watchdog]\ntimeout = 20\n").contains("it knows device timeout_s here"));
  EXPECT_TRUE(complaint("watchdog = \"/dev/watchdog\"\n")
                  .contains("watchdog has to be a table: [watchdog]"));
}

TEST(Config, UsesAUpsOnlyIfItIsNamed) {
  EXPECT_FALSE(read_config("[ups]\n", "upbeat.toml")->ups);
  EXPECT_FALSE(read_config("[ups]\nname = \"\"\n", "upbeat.toml")->ups);
  const auto config =
      read_config("[ups]\nname = \"rack1@nut.example.org:3500\"\npatience_s = 5\n", "upbeat.toml");
  ASSERT_TRUE(config && config->ups);
  EXPECT_EQ(config->ups->place.ups, "rack1");
  EXPECT_EQ(config->ups->place.host, "nut.example.org");
  EXPECT_EQ(config->ups->place.port, "3500");
  EXPECT_EQ(config->ups->rule.patience, std::chrono::seconds(5));
  EXPECT_EQ(config->ups->rule.reserve, std::chrono::seconds(120));
  EXPECT_EQ(
      complaint("[ups]\nname = \"rack 1@host\"\n"),
      "cannot use upbeat.toml: [ups] name expects a UPS as NUT names it, UPS@HOST:PORT or UPS "
      "alone: \"rack1@localhost\"");
  EXPECT_NE(complaint("[ups]\nname = \"rack1@host:nut\"\n"), "");
  EXPECT_NE(complaint("[ups]\nname = \"@host\"\n"), "");
}

TEST(Config, NamesAnUnknownKeyItsLineAndTheKnownOnes) {
  EXPECT_EQ(complaint("[node]\nmemory = 1024\n"),
            "cannot use upbeat.toml: line 2: [node] memory is not a key that upbeatd knows; it "
            "knows host_reserve_mib memory_mib here");
}

TEST(Config, NamesAnUnknownTable) {
  EXPECT_TRUE(complaint("[nodes]\nx = 1\n").contains("nodes is not a key that upbeatd knows"));
}

TEST(Config, RefusesAWrongType) {
  EXPECT_EQ(complaint("[node]\nmemory_mib = \"much\"\n"),
            "cannot use upbeat.toml: line 2: [node] memory_mib expects a whole number from 0 to "
            "1000000000");
}

TEST(Config, QuotesAKeyWithoutItsControlCharacters) {
  EXPECT_TRUE(complaint("\"a\\n\\u001b\" = 1\n")
                  .starts_with("cannot use upbeat.toml: line 1: a   is not a key"));
  EXPECT_EQ(complaint("[fence]\n\"a\\tb\" = 1\n"),
            "cannot use upbeat.toml: fence.a b has to be a table: [fence.a b]");
}

TEST(Config, RefusesBrokenToml) {
  for (const char* broken : {"[node\n", "[*\n", "ü = 1\n", "[\n", "a.=1\n", "\xff\n", "a = \n"})
    EXPECT_TRUE(complaint(broken).starts_with("cannot use upbeat.toml: line 1: ")) << broken;
}

TEST(Config, RefusesAFenceDeviceWithoutAgent) {
  EXPECT_EQ(complaint("[fence.strip]\ntimeout_s = 3\n"),
            "cannot use upbeat.toml: [fence.strip] names no agent; add agent = \"fence_…\"");
}

TEST(Config, RefusesALevelThatIsNoneAndPlugsThatAreNoText) {
  for (const char* level : {"0", "10"}) {
    EXPECT_EQ(complaint("[fence.strip]\nagent = \"a\"\nlevel = " + std::string(level) + "\n"),
              "cannot use upbeat.toml: [fence.strip] level expects a whole number from 1 to 9: the "
              "lowest is asked first");
  }
  EXPECT_EQ(
      complaint("[fence.strip]\nagent = \"a\"\nplugs = { node0 = [1.5] }\n"),
      "cannot use upbeat.toml: line 3: [fence.strip] plugs expects { name = \"text\", other = "
      "[\"text\", …] }");
  EXPECT_NE(complaint("[fence.strip]\nagent = \"a\"\nplugs = \"1\"\n"), "");
}

TEST(Config, RefusesAMigrateUriThatNamesNoTarget) {
  EXPECT_TRUE(complaint("[hypervisor]\nmigrate_uri = \"qemu+tcp://fixed/system\"\n")
                  .contains("migrate_uri has to hold {node}"));
}

TEST(Config, ThePackagesFileShowsOnlyKnownKeysWithTheirDefaults) {
  std::ifstream file(UPBEAT_PACKAGED_CONFIG);
  std::string shown;
  for (std::string line; std::getline(file, line);) {
    const bool setting = line.size() > 1 && line[0] == '#' && line[1] != ' ';
    if (setting) shown += line.substr(1) + "\n";
  }

  const auto config = read_config(shown, "upbeat.toml");

  ASSERT_TRUE(config) << config.error().text;
  ASSERT_FALSE(shown.empty());
  const Config defaults;
  EXPECT_EQ(config->memory_mib, defaults.memory_mib);
  EXPECT_EQ(config->host_reserve_mib, defaults.host_reserve_mib);
  EXPECT_EQ(config->hypervisor_uri, defaults.hypervisor_uri);
  EXPECT_EQ(config->migrate_uri, defaults.migrate_uri);
  EXPECT_EQ(config->migration_mib_per_s, defaults.migration_mib_per_s);
  EXPECT_EQ(config->shutdown_budget, defaults.shutdown_budget);
  EXPECT_EQ(config->api_socket, defaults.api_socket);
  EXPECT_EQ(config->state_file, defaults.state_file);
  ASSERT_TRUE(config->watchdog);
  EXPECT_EQ(config->watchdog->device, WatchdogSection{}.device);
  EXPECT_EQ(config->watchdog->timeout, WatchdogSection{}.timeout);
  EXPECT_EQ(config->health, defaults.health);
}

}  // namespace
}  // namespace upbeat
