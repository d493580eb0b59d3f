// SPDX-License-Identifier: Apache-2.0
// Reads a guest's definition as its user gives it, libvirt domain XML; pure.
#include "hypervisor/domain_xml.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <memory>
#include <optional>
#include <pugixml.hpp>
#include <string_view>

#include "base/printable.h"

namespace upbeat {
namespace {

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t memory_limit_bytes = std::uint64_t{1} << 56U;
constexpr std::uint32_t vcpus_limit = 4096;

std::string quote(std::string_view text) { return printable(text, quote_limit_bytes); }

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

/// All text of an element, as libvirt reads it (virXPathString): a comment inside does not end it.
std::string text_of(const pugi::xml_node& element) {
  return element ? pugi::xpath_query("string()").evaluate_string(element) : "";
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value = 0;
  const auto* const begin = std::to_address(text.begin());
  const auto* const end = std::to_address(text.end());
  const auto [stopped, error] = std::from_chars(begin, end, value);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return value;
}

/// "line 3, column 14" of a place in the text; both count from 1.
std::string place(const std::string& xml, std::ptrdiff_t offset) {
  const auto length =
      std::min(static_cast<std::size_t>(std::max<std::ptrdiff_t>(offset, 0)), xml.size());
  const auto before = std::string_view(xml).substr(0, length);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto column = before.size() - (before.rfind('\n') + 1) + 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

/// How many bytes a unit of libvirt's scaled integers has (virScaleInteger): "KiB" and "k" are
/// 1024, "KB" is 1000, in upper or lower case.
std::optional<std::uint64_t> bytes_of(std::string unit) {
  std::ranges::transform(unit, unit.begin(), [](unsigned char c) { return std::tolower(c); });
  if (unit == "b" || unit == "byte" || unit == "bytes") return 1;
  static constexpr std::string_view prefixes = "kmgtpe";
  const auto power = unit.empty() ? std::string_view::npos : prefixes.find(unit[0]);
  const auto suffix = unit.substr(unit.empty() ? 0 : 1);
  if (power == std::string_view::npos || (!suffix.empty() && suffix != "ib" && suffix != "b"))
    return std::nullopt;
  std::uint64_t scale = 1;
  for (std::size_t i = 0; i <= power; ++i) scale *= suffix == "b" ? 1000 : 1024;
  return scale;
}

Result<std::uint64_t> memory_of(const pugi::xml_node& domain, const std::string& of) {
  const auto memory = domain.child("memory");
  if (!memory) return fail(of + " has no <memory>; say how much it needs, in KiB");
  const std::string text = text_of(memory);
  const auto amount = number<std::uint64_t>(trimmed(text));
  if (!amount) {
    return fail(of + " has a <memory> that is no whole number: '" + quote(text) +
                "'; write for example <memory unit='MiB'>512</memory>");
  }
  const std::string unit = memory.attribute("unit").as_string("KiB");
  const auto scale = bytes_of(unit);
  if (!scale) {
    return fail(of + " has a <memory> in the unknown unit '" + quote(unit) +
                "'; write KiB, MiB or GiB");
  }
  if (*amount == 0) return fail(of + " has a <memory> of 0; say how much it needs");
  if (*amount > memory_limit_bytes / *scale) {
    return fail(of + " has a <memory> larger than any machine's; correct it");
  }
  return (*amount * *scale + kib - 1) / kib;
}

/// Names are file names, words of the command line and parts of sentences.
Result<std::string> name_of(const pugi::xml_node& domain) {
  std::string name = text_of(domain.child("name"));
  if (trimmed(name).empty()) {
    return fail("the definition has no <name>; give the guest one: <name>web1</name>");
  }
  if (name.size() > guest_name_limit_chars) {
    return fail("the definition's <name> is longer than " + std::to_string(guest_name_limit_chars) +
                " characters; give the guest a shorter one");
  }
  const auto forbidden = [](unsigned char c) { return c < 0x21 || c == 0x7f || c == '/'; };
  const bool odd = std::ranges::any_of(name, forbidden) || printable(name) != name;
  if (odd || name == "." || name == "..") {
    return fail(
        "the definition's <name> holds a slash, a blank, a control character or what is no UTF-8, "
        "or is only dots; use letters, digits, '-', '_' and '.'");
  }
  return name;
}

/// RFC 9562 as text, with or without its dashes, as libvirt takes it.
bool is_uuid(std::string text) {
  std::erase(text, '-');
  return text.size() == 32 &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isxdigit(c) != 0; });
}

Result<pugi::xml_node> domain_in(pugi::xml_document& document, const std::string& xml) {
  if (xml.size() > domain_xml_limit_bytes) {
    return fail("the definition has " + std::to_string(xml.size()) + " bytes and may have " +
                std::to_string(domain_xml_limit_bytes) + "; is it libvirt domain XML?");
  }
  const auto parsed =
      document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8);
  if (!parsed) {
    return fail("the definition is no well-formed XML at " + place(xml, parsed.offset) + ": " +
                parsed.description() + "; correct it there");
  }
  const auto root = document.document_element();
  if (std::string_view(root.name()) != "domain") {
    return fail("the definition is no libvirt domain XML: its outermost element is <" +
                quote(root.name()) + ">, not <domain>; `virsh dumpxml` writes the right kind");
  }
  return root;
}

}  // namespace

Result<DomainFacts> read_domain(const std::string& xml) {
  pugi::xml_document document;
  const auto domain = domain_in(document, xml);
  if (!domain) return std::unexpected(domain.error());
  auto name = name_of(*domain);
  if (!name) return std::unexpected(name.error());
  const std::string of = "the definition of " + *name;
  const auto memory = memory_of(*domain, of);
  if (!memory) return std::unexpected(memory.error());

  DomainFacts facts{*name, std::string(trimmed(text_of(domain->child("uuid")))), *memory, 1,
                    domain->attribute("type").as_string()};
  if (domain->child("uuid") && !is_uuid(facts.uuid)) {
    return fail(of + " has a <uuid> that is none; correct it or leave it out");
  }
  if (facts.type.empty()) {
    return fail(of + " has no type; write <domain type='kvm'>, 'qemu' or 'xen'");
  }
  if (const auto vcpu = domain->child("vcpu")) {
    const auto vcpus = number<std::uint32_t>(trimmed(text_of(vcpu)));
    if (!vcpus || *vcpus == 0 || *vcpus > vcpus_limit) {
      return fail(of + " has a <vcpu> that is no number from 1 to " + std::to_string(vcpus_limit) +
                  "; correct it");
    }
    facts.vcpus = *vcpus;
  }
  return facts;
}

Result<DomainFacts> read_domain_of(const VmId& vm, const std::string& xml) {
  auto facts = read_domain(xml);
  if (!facts) return fail("cannot start " + vm.get() + ": " + facts.error().text);
  if (facts->name == vm.get()) return facts;
  return fail("cannot start " + vm.get() + ": its definition names another guest, " + facts->name +
              "; correct the <name>");
}

Result<std::string> with_uuid(const std::string& xml, const std::string& uuid) {
  const auto facts = read_domain(xml);
  if (!facts) return std::unexpected(facts.error());
  if (!facts->uuid.empty()) return xml;
  // Put in as text, so that all else stays as the user wrote it.
  pugi::xml_document document;
  const auto domain = domain_in(document, xml);
  if (!domain) return std::unexpected(domain.error());
  const auto name = static_cast<std::size_t>(domain->child("name").offset_debug());
  const auto after_name = xml.find('>', xml.find("</name", name));
  if (after_name != std::string::npos) {
    auto with = std::string(xml).insert(after_name + 1, "<uuid>" + uuid + "</uuid>");
    if (const auto read = read_domain(with); read && read->uuid == uuid) return with;
  }
  return fail("the definition of " + facts->name + " has no place for a uuid; write its <name> " +
              "without comments inside, or add a <uuid> by hand");
}

}  // namespace upbeat
