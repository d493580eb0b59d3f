// SPDX-License-Identifier: Apache-2.0
// What is read of a guest's network from its live definition, and what is written into it.
#include "hypervisor/domain_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace upbeat {
namespace {

using testing::HasSubstr;

const MacAddress mac{{0x52, 0x54, 0, 0x0a, 9, 0x64}};

std::string domain(const std::string& metadata, const std::string& devices) {
  return "<domain type='kvm' id='3'><name>x0</name><metadata>" + metadata + "</metadata><devices>" +
         devices + "</devices></domain>";
}

TEST(DomainNetwork, HasTheInterfacesThatHaveADeviceOfTheHost) {
  const auto network = read_network(domain("", R"(
    <interface type='bridge'><mac address='52:54:00:0a:09:64'/><source bridge='br0'/>
      <target dev='vnet3'/><model type='virtio'/></interface>
    <interface type='user'><mac address='52:54:00:0a:09:65'/></interface>
    <interface type='hostdev'><mac address='52:54:00:0a:09:66'/></interface>)"));

  ASSERT_TRUE(network.has_value()) << network.error().text;
  EXPECT_EQ(network->interfaces, (std::vector<GuestInterface>{{"vnet3", mac}}));
  EXPECT_EQ(network->note, "");
}

TEST(DomainNetwork, HasTheNoteOfUpbeatAndNobodyElses) {
  const auto network = read_network(domain(R"(
    <other:note xmlns:other='urn:other'>theirs</other:note>
    <upbeat:note xmlns:upbeat='urn:upbeat:note:9'>of another day</upbeat:note>
    <upbeat:note xmlns:upbeat='urn:upbeat:note:1'>a &lt; b
c</upbeat:note>)",
                                           ""));

  ASSERT_TRUE(network.has_value()) << network.error().text;
  EXPECT_EQ(network->note, "a < b\nc");
}

TEST(DomainNetwork, IsReadOfADomainOnly) {
  for (const auto* text : {"", "<network/>", "<domain><name>x0</domain>"}) {
    const auto network = read_network(text);
    ASSERT_FALSE(network.has_value());
    EXPECT_THAT(network.error().text, HasSubstr("not what libvirt writes"));
  }
}

TEST(DomainNetwork, NoteIsWrittenSoThatAnyPlainTextIsReadAgain) {
  EXPECT_EQ(note_element("a < b & c"), "<note>a &lt; b &amp; c</note>");
  EXPECT_EQ(note_element("two\nlines"), "<note>two\nlines</note>");
  EXPECT_FALSE(note_element(std::string("\x1b[2J")).has_value());
  EXPECT_FALSE(note_element(std::string(guest_note_limit_bytes + 1, 'a')).has_value());
}

}  // namespace
}  // namespace upbeat
