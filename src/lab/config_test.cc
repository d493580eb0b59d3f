// SPDX-License-Identifier: Apache-2.0
// The files that nodes and guests are given say what the lab means.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/domain_xml.h"
#include "lab/guest_clock.h"
#include "lab/names.h"
#include "lab/node_config.h"

namespace upbeat::lab {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(CorosyncConf, ListsEveryNodeOnBothLinks) {
  const auto text = corosync_conf({.nodes = 2, .token_ms = 700});

  EXPECT_THAT(text, HasSubstr("  node {\n    name: node0\n    nodeid: 1\n"
                              "    ring0_addr: 10.9.0.1\n    ring1_addr: 10.9.1.1\n  }\n"));
  EXPECT_THAT(text, HasSubstr("  node {\n    name: node1\n    nodeid: 2\n"
                              "    ring0_addr: 10.9.0.2\n    ring1_addr: 10.9.1.2\n  }\n"));
  EXPECT_THAT(text, Not(HasSubstr("node2")));
  EXPECT_THAT(text, HasSubstr("  token: 700\n  token_coefficient: 0\n"));
}

TEST(CorosyncConf, IsEncrypted) {
  EXPECT_THAT(corosync_conf({}), HasSubstr("  crypto_cipher: aes256\n  crypto_hash: sha256\n"));
}

TEST(CorosyncConf, LetsOneOfTwoNodesGoOnButNotBeginAlone) {
  EXPECT_THAT(corosync_conf({.nodes = 2}), HasSubstr("  two_node: 1\n  wait_for_all: 1\n}\n"));
  EXPECT_THAT(corosync_conf({.nodes = 3}), Not(HasSubstr("two_node")));
}

TEST(CorosyncConf, AsksTheArbiterOfALabThatHasOne) {
  const auto text = corosync_conf({.nodes = 2, .tie = Tie::arbiter});

  EXPECT_THAT(text, HasSubstr("    net {\n      host: 10.9.0.254\n      algorithm: ffsplit\n"));
  EXPECT_THAT(text, Not(HasSubstr("two_node")));
}

TEST(UpbeatToml, NamesAStripForEachSupply) {
  EXPECT_THAT(upbeat_toml({.nodes = 2}), Not(HasSubstr("[fence.power-strip2]")));
  const auto text = upbeat_toml({.nodes = 2, .supplies = 2});
  EXPECT_THAT(text, HasSubstr("[fence.power-strip]\n"));
  EXPECT_THAT(text, HasSubstr("[fence.power-strip2]\n"));
  EXPECT_THAT(text, HasSubstr("ip = \"10.9.0.253\""));
}

TEST(HostsFile, NamesNodesAndGuests) {
  const auto text = hosts_file({.nodes = 2, .vms = 1});

  EXPECT_EQ(text,
            "127.0.0.1 localhost\n10.9.0.1 node0\n10.9.0.2 node1\n10.9.0.254 gateway\n"
            "10.9.0.100 x0\n");
}

TEST(UpbeatToml, GivesEachNodeItsPlugAndKeepsTheSecretInAFile) {
  const auto text = upbeat_toml({.nodes = 3});

  EXPECT_THAT(text, HasSubstr(R"(plugs = { node0 = "1", node1 = "2", node2 = "3" })"));
  EXPECT_THAT(text, HasSubstr(R"(community_file = "/etc/upbeat/strip.community")"));
  EXPECT_THAT(text, HasSubstr("memory_mib = 1024"));
}

TEST(UpbeatToml, HasAWatchdogOnlyIfTheNodesHave) {
  EXPECT_THAT(upbeat_toml({}), Not(HasSubstr("[watchdog]")));
  EXPECT_THAT(upbeat_toml({.watchdog_s = 12}), HasSubstr("[watchdog]\ntimeout_s = 12\n[fence."));
}

TEST(UpbeatToml, NamesNoFenceDeviceWhereThereIsNone) {
  const auto text = upbeat_toml({.fencing = Fencing::none, .watchdog_s = 12});

  EXPECT_THAT(text, Not(HasSubstr("fence")));
  EXPECT_THAT(text, HasSubstr("[watchdog]\ntimeout_s = 12\n"));
}

TEST(SnmpdConf, LetsTheCommunitySeeTheOutletsAndTheIdentityOnly) {
  const auto text = snmpd_conf(0, "secret", "/x/upbeat lab power-strip --name a");

  EXPECT_THAT(text, HasSubstr("rwcommunity secret 10.9.0.0/16 -V strip\n"));
  EXPECT_THAT(text, HasSubstr("view strip included .1.3.6.1.4.1.318.1.1.12.3\n"));
  EXPECT_THAT(text, HasSubstr("sysObjectID .1.3.6.1.4.1.318.1.3.4.5\n"));
  EXPECT_THAT(text, HasSubstr("agentAddress udp:10.9.0.254:161\n"));
}

TEST(DomainXml, OfATcgGuestLeavesTheAnnouncementToQemu) {
  const auto text = domain_xml({.accelerator = Accelerator::tcg}, 3);

  EXPECT_THAT(text, HasSubstr("<domain type='qemu'"));
  EXPECT_THAT(text, HasSubstr("<memory unit='MiB'>256</memory>"));
  EXPECT_THAT(text, HasSubstr("<qemu:arg value='virtio-net-pci.guest_announce=off'/>"));
}

TEST(DomainXml, OfAKvmGuestNeedsNothingSpecial) {
  const auto text = domain_xml({.accelerator = Accelerator::kvm, .tsc_khz = 2'400'000}, 3);

  EXPECT_THAT(text, HasSubstr("<domain type='kvm'"));
  EXPECT_THAT(text, Not(HasSubstr("qemu:commandline")));
  EXPECT_THAT(text, Not(HasSubstr("clocksource")));
}

TEST(DomainXml, TellsTheGuestWhoAnswersProbes) {
  EXPECT_THAT(domain_xml({.echo = Echo::driver}, 0), HasSubstr(" upbeat.echo=driver"));
  EXPECT_THAT(domain_xml({.echo = Echo::stack}, 0), Not(HasSubstr("upbeat.echo")));
}

TEST(DomainXml, TellsATcgGuestTheSpeedOfItsCounterOrKeepsItFromUsingIt) {
  EXPECT_THAT(domain_xml({.tsc_khz = 2'445'416}, 0),
              HasSubstr(" tsc_early_khz=2445416 clocksource=tsc tsc=reliable "));
  EXPECT_THAT(domain_xml({.tsc_khz = 0}, 0), HasSubstr(" clocksource=acpi_pm "));
}

TEST(TimeStampCounter, IsTrustedOnlyIfTheProcessorSaysSo) {
  EXPECT_EQ(trusted_tsc_khz("flags : fpu tsc constant_tsc rdtscp\n"), 0);
  EXPECT_EQ(trusted_tsc_khz(""), 0);
  EXPECT_GT(trusted_tsc_khz("flags : fpu tsc constant_tsc rdtscp nonstop_tsc avx\n"), 100'000);
}

TEST(DomainXml, GivesEachGuestItsOwnIdentityAddressAndDisk) {
  const auto text = domain_xml({}, 7);

  EXPECT_THAT(text, HasSubstr("<name>x7</name>"));
  EXPECT_THAT(text, HasSubstr("52:54:00:0a:09:6b"));
  EXPECT_THAT(text, HasSubstr("upbeat.vm=x7 upbeat.ip=10.9.0.107"));
  EXPECT_THAT(text, HasSubstr("<host name='10.9.0.254' port='10816'/>"));
  EXPECT_NE(domain_xml({}, 6), text);
}

TEST(Names, OfBridgesAreFreeOfGuestsAndTheirTaps) {
  EXPECT_EQ(bridge_mac(0, 1), "02:00:0a:09:01:01");
  EXPECT_EQ(bridge_mac(gateway_host_part - 1, 0), "02:00:0a:09:00:fe");
}

TEST(Names, RefusesNamesThatCouldBeTakenForAnotherLabs) {
  for (const char* bad : {"", "a-b", "a/b", "..", "Lab", "abcdefghijklm", "a b"}) {
    EXPECT_FALSE(Names::of(bad)) << bad;
  }
  EXPECT_TRUE(Names::of("lab2"));
}

TEST(Manifest, ComesBackAsItWasWritten) {
  const Shape shape{.nodes = 3,
                    .vms = 5,
                    .token_ms = 500,
                    .accelerator = Accelerator::kvm,
                    .echo = Echo::stack,
                    .software = Software::none,
                    .fencing = Fencing::none,
                    .watchdog_s = 12,
                    .phase = Phase::up};

  const auto back = parse_shape(to_json(shape));

  ASSERT_TRUE(back) << back.error().text;
  EXPECT_EQ(to_json(*back), to_json(shape));
  EXPECT_EQ(back->nodes, 3);
  EXPECT_EQ(back->accelerator, Accelerator::kvm);
  EXPECT_EQ(back->echo, Echo::stack);
  EXPECT_EQ(back->fencing, Fencing::none);
  EXPECT_EQ(back->watchdog_s, 12);
}

TEST(Manifest, RefusesWhatIsNoManifest) {
  for (const char* bad : {"", "[]", "{", R"({"nodes":0})", R"({"nodes":4,"vms":9999})"}) {
    EXPECT_FALSE(parse_shape(bad)) << bad;
  }
}

}  // namespace
}  // namespace upbeat::lab
