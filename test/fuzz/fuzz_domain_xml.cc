// SPDX-License-Identifier: Apache-2.0
// A guest's definition: what Upbeat reads from it is fit for use, and a uuid put in changes nothing
// else.
#include <algorithm>
#include <cctype>

#include "hypervisor/domain_xml.h"
#include "promise.h"

namespace upbeat {
namespace {

const std::string some_uuid = "b7c4a3d2-5a0e-4d53-9a55-0242ac120002";
constexpr std::uint64_t memory_limit_kib = std::uint64_t{1} << 46U;
constexpr std::uint32_t vcpus_limit = 4096;

void promise_facts(const DomainFacts& facts) {
  const auto bad = [](unsigned char c) { return c <= ' ' || c == 0x7F || c == '/'; };
  fuzz::promise(!facts.name.empty() && facts.name.size() <= guest_name_limit_chars,
                "a name has a length", facts.name);
  fuzz::promise(std::ranges::none_of(facts.name, bad), "a name is one word", facts.name);
  fuzz::promise(facts.name != "." && facts.name != "..", "a name is a file's name", facts.name);
  fuzz::promise_line(facts.name);
  fuzz::promise(facts.memory_kib > 0 && facts.memory_kib <= memory_limit_kib,
                "memory is within its limits");
  fuzz::promise(facts.vcpus > 0 && facts.vcpus <= vcpus_limit, "CPUs are within their limits");
  fuzz::promise(!facts.type.empty(), "a guest has a type");
  const auto of_uuid = [](unsigned char c) { return c == '-' || std::isxdigit(c) != 0; };
  fuzz::promise(std::ranges::all_of(facts.uuid, of_uuid), "a uuid is one", facts.uuid);
}

void promise_uuid(const std::string& xml, const DomainFacts& facts) {
  const auto with = with_uuid(xml, some_uuid);
  if (!with) return fuzz::promise_sentence(with.error().text);
  fuzz::promise(facts.uuid.empty() || *with == xml, "the user's uuid stays");
  auto wanted = facts;
  if (wanted.uuid.empty()) wanted.uuid = some_uuid;
  fuzz::promise(read_domain(*with) == wanted, "a uuid put in changes nothing else", *with);
  fuzz::promise(with_uuid(*with, "other") == *with, "a uuid is put in once", *with);
}

void try_xml(const std::string& xml) {
  const auto facts = read_domain(xml);
  const auto start = read_domain_of(VmId("web1"), xml);
  if (!facts) {
    fuzz::promise_sentence(facts.error().text);
    fuzz::promise(!start && !with_uuid(xml, some_uuid), "what cannot be read is not used");
    return fuzz::promise_sentence(start.error().text);
  }
  promise_facts(*facts);
  promise_uuid(xml, *facts);
  fuzz::promise(start.has_value() == (facts->name == "web1"), "a guest starts as itself");
  if (!start) fuzz::promise_sentence(start.error().text);
}

}  // namespace
}  // namespace upbeat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  upbeat::try_xml(upbeat::fuzz::text_of(data, size));
  return 0;
}
