// SPDX-License-Identifier: Apache-2.0
// What is read from a guest's definition, and how a wrong one is refused.
#include "hypervisor/domain_xml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace upbeat {
namespace {

using testing::HasSubstr;

const std::string uuid = "b7c4a3d2-5a0e-4d53-9a55-0242ac120002";

std::string definition(const std::string& inside) {
  return "<domain type='kvm'><name>web1</name>" + inside + "</domain>";
}

std::string refusal(const std::string& xml) {
  const auto facts = read_domain(xml);
  return facts ? "it was taken" : facts.error().text;
}

std::uint64_t memory_kib(const std::string& element) {
  const auto facts = read_domain(definition(element));
  EXPECT_TRUE(facts.has_value()) << facts.error().text;
  return facts ? facts->memory_kib : 0;
}

TEST(DomainXml, ReadsNameUuidMemoryCpusAndType) {
  const auto facts = read_domain("<?xml version='1.0'?>\n<!-- mine -->\n<domain type='xen'>" +
                                 ("<name>db.2_a-b</name><uuid> " + uuid + " </uuid>") +
                                 "<memory unit='MiB'> 256 </memory><vcpu>4</vcpu></domain>");

  ASSERT_TRUE(facts.has_value()) << facts.error().text;
  EXPECT_EQ(*facts, (DomainFacts{"db.2_a-b", uuid, 262'144, 4, "xen"}));
}

TEST(DomainXml, TakesOneCpuAndNoUuidWhereNoneIsGiven) {
  const auto facts = read_domain(definition("<memory>1024</memory>"));

  ASSERT_TRUE(facts.has_value()) << facts.error().text;
  EXPECT_EQ(*facts, (DomainFacts{"web1", "", 1024, 1, "kvm"}));
}

TEST(DomainXml, ReadsTextAroundACommentWholeAsLibvirtDoes) {
  const auto facts = read_domain(
      "<domain type='kvm'><name>we<!-- -->b<![CDATA[1]]></name>"
      "<memory>10<!-- -->24</memory><vcpu><!-- -->2</vcpu></domain>");

  ASSERT_TRUE(facts.has_value()) << facts.error().text;
  EXPECT_EQ(*facts, (DomainFacts{"web1", "", 1024, 2, "kvm"}));
}

TEST(DomainXml, ReadsMemoryInEveryUnitOfLibvirt) {
  EXPECT_EQ(memory_kib("<memory>4096</memory>"), 4096U);
  EXPECT_EQ(memory_kib("<memory unit='b'>4096</memory>"), 4U);
  EXPECT_EQ(memory_kib("<memory unit='bytes'>4097</memory>"), 5U);
  EXPECT_EQ(memory_kib("<memory unit='KB'>1024</memory>"), 1000U);
  EXPECT_EQ(memory_kib("<memory unit='k'>7</memory>"), 7U);
  EXPECT_EQ(memory_kib("<memory unit='MB'>1</memory>"), 977U);
  EXPECT_EQ(memory_kib("<memory unit='m'>2</memory>"), 2048U);
  EXPECT_EQ(memory_kib("<memory unit='GiB'>1</memory>"), 1'048'576U);
  EXPECT_EQ(memory_kib("<memory unit='TiB'>1</memory>"), 1'073'741'824U);
}

TEST(DomainXml, SaysAtWhichLineAndColumnXmlIsBroken) {
  EXPECT_THAT(refusal("<domain type='kvm'>\n  <name>web1</nam>\n</domain>"),
              HasSubstr("no well-formed XML at line 2, column "));
  EXPECT_THAT(refusal(""), HasSubstr("no well-formed XML at line 1, column 1"));
  EXPECT_THAT(refusal("<domain type='kvm'><name>web1</name>"), HasSubstr("line 1"));
}

TEST(DomainXml, RefusesWhatIsNoDomain) {
  EXPECT_THAT(refusal("<network><name>web1</name></network>"),
              HasSubstr("outermost element is <network>, not <domain>"));
}

TEST(DomainXml, RefusesAGuestWithoutAUsableName) {
  const auto named = [](const std::string& name) {
    return refusal("<domain type='kvm'><name>" + name + "</name><memory>1024</memory></domain>");
  };
  EXPECT_THAT(refusal("<domain type='kvm'><memory>1024</memory></domain>"),
              HasSubstr("has no <name>"));
  EXPECT_THAT(named("  "), HasSubstr("has no <name>"));
  EXPECT_THAT(named("a/b"), HasSubstr("holds a slash"));
  EXPECT_THAT(named("a b"), HasSubstr("holds a slash, a blank"));
  EXPECT_THAT(named("a&#10;b"), HasSubstr("control character"));
  EXPECT_THAT(named("a&#127;"), HasSubstr("control character"));
  EXPECT_THAT(named("a&#155;"), HasSubstr("control character"));
  EXPECT_THAT(named("a\xff"), HasSubstr("no UTF-8"));
  EXPECT_THAT(named(".."), HasSubstr("only dots"));
  EXPECT_THAT(named(std::string(65, 'a')), HasSubstr("longer than 64"));
  EXPECT_EQ(named(std::string(64, 'a')), "it was taken");
}

TEST(DomainXml, RefusesAGuestWithoutUsableMemory) {
  EXPECT_THAT(refusal(definition("")), HasSubstr("of web1 has no <memory>"));
  EXPECT_THAT(refusal(definition("<memory>0</memory>")), HasSubstr("a <memory> of 0"));
  EXPECT_THAT(refusal(definition("<memory>lots</memory>")), HasSubstr("no whole number: 'lots'"));
  EXPECT_THAT(refusal(definition("<memory>-5</memory>")), HasSubstr("no whole number"));
  EXPECT_THAT(refusal(definition("<memory unit='stone'>5</memory>")),
              HasSubstr("unknown unit 'stone'"));
  EXPECT_THAT(refusal(definition("<memory unit='EiB'>16</memory>")),
              HasSubstr("larger than any machine's"));
}

TEST(DomainXml, QuotesNeitherControlCharactersNorAWholeBook) {
  EXPECT_THAT(refusal(definition("<memory>a&#10;b</memory>")), HasSubstr("number: 'a b'"));
  EXPECT_THAT(refusal(definition("<memory unit='a&#27;b'>5</memory>")), HasSubstr("unit 'a b'"));
  const std::string book(10'000, 'x');
  EXPECT_LT(refusal(definition("<memory>" + book + "</memory>")).size(), 500U);
  EXPECT_LT(refusal("<" + book + "/>").size(), 500U);
}

TEST(DomainXml, RefusesOddCpusUuidAndType) {
  EXPECT_THAT(refusal(definition("<memory>1</memory><vcpu>0</vcpu>")), HasSubstr("<vcpu>"));
  EXPECT_THAT(refusal(definition("<memory>1</memory><vcpu>two</vcpu>")), HasSubstr("<vcpu>"));
  EXPECT_THAT(refusal(definition("<memory>1</memory><uuid>mine</uuid>")), HasSubstr("<uuid>"));
  EXPECT_THAT(refusal("<domain><name>a</name><memory>1</memory></domain>"),
              HasSubstr("has no type"));
}

TEST(DomainXml, RefusesADefinitionBeyondItsLimit) {
  const auto padded = [](std::size_t size) {
    std::string xml = definition("<memory>1024</memory>");
    return xml + std::string(size - xml.size(), ' ');
  };
  EXPECT_EQ(refusal(padded(domain_xml_limit_bytes)), "it was taken");
  EXPECT_THAT(refusal(padded(domain_xml_limit_bytes + 1)), HasSubstr("may have 262144"));
}

TEST(DomainXml, AddsAUuidAndLeavesTheRestAsItWas) {
  const auto with = with_uuid(definition("\n  <!-- mine -->\n  <memory>1024</memory>\n"), uuid);

  ASSERT_TRUE(with.has_value()) << with.error().text;
  EXPECT_EQ(*with,
            definition("<uuid>" + uuid + "</uuid>\n  <!-- mine -->\n  <memory>1024</memory>\n"));
}

TEST(DomainXml, RefusesToAddAUuidWhereItCannot) {
  const auto with = with_uuid(
      "<domain type='kvm'><name>a<!-- </name> --></name><memory>1024</memory></domain>", uuid);

  ASSERT_FALSE(with.has_value());
  EXPECT_THAT(with.error().text, HasSubstr("no place for a uuid"));
}

TEST(DomainXml, LeavesTheUuidThatTheUserGave) {
  const auto xml = definition("<uuid>" + uuid + "</uuid><memory>1024</memory>");

  EXPECT_EQ(with_uuid(xml, "00000000-0000-4000-8000-000000000001").value_or(""), xml);
}

TEST(DomainXml, RefusesToStartAGuestFromAnothersDefinition) {
  const auto facts = read_domain_of(VmId("web2"), definition("<memory>1024</memory>"));

  ASSERT_FALSE(facts.has_value());
  EXPECT_THAT(facts.error().text, HasSubstr("cannot start web2: its definition names another"));
}

}  // namespace
}  // namespace upbeat
