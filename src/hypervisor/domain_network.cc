// SPDX-License-Identifier: Apache-2.0
// How a guest hangs on its host's networks, read from its live definition; pure.
#include "hypervisor/domain_network.h"

#include <algorithm>
#include <pugixml.hpp>
#include <sstream>
#include <string_view>

namespace upbeat {
namespace {

std::string note_in(const pugi::xml_node& domain) {
  for (const auto& element : domain.child("metadata").children("upbeat:note")) {
    if (std::string_view(element.attribute("xmlns:upbeat").as_string()) != note_namespace) continue;
    std::string note = element.child_value();
    if (note.size() <= guest_note_limit_bytes) return note;
  }
  return {};
}

}  // namespace

Result<GuestNetwork> read_network(const std::string& xml) {
  pugi::xml_document document;
  const auto parsed = document.load_buffer(xml.data(), xml.size());
  const auto domain = document.child("domain");
  if (!parsed || !domain) {
    return fail(
        "cannot read how a guest hangs on the network: its definition is not what libvirt "
        "writes; is libvirtd well?");
  }
  GuestNetwork network{.note = note_in(domain)};
  for (const auto& element : domain.child("devices").children("interface")) {
    const std::string device = element.child("target").attribute("dev").as_string();
    const auto mac = read_mac(element.child("mac").attribute("address").as_string());
    if (!device.empty() && mac) network.interfaces.push_back({device, *mac});
  }
  return network;
}

Result<std::string> note_element(const std::string& note) {
  const auto is_plain = [](unsigned char c) { return c == '\n' || (c >= 0x20 && c < 0x7f); };
  if (note.size() > guest_note_limit_bytes || !std::ranges::all_of(note, is_plain)) {
    return fail("it is longer than " + std::to_string(guest_note_limit_bytes) +
                " bytes, or no plain text");
  }
  pugi::xml_document document;
  document.append_child("note").text().set(note.c_str());
  std::ostringstream out;
  document.save(out, "", pugi::format_raw | pugi::format_no_declaration);
  return out.str();
}

}  // namespace upbeat
