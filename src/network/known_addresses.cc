// SPDX-License-Identifier: Apache-2.0
// What is known of the addresses of one guest's interface. Pure.
#include "network/known_addresses.h"

#include <algorithm>
#include <sstream>
#include <string_view>

namespace upbeat {
namespace {

constexpr std::string_view router_mark = "/router";

}  // namespace

KnownAddresses::KnownAddresses(MacAddress mac, const std::string& lines) : mac_(mac) {
  std::istringstream all(lines);
  for (std::string line; std::getline(all, line);) {
    std::istringstream words(line);
    std::string word;
    if (!(words >> word) || read_mac(word) != mac) continue;
    while (list_.size() < known_addresses_limit && words >> word) {
      const bool forwards = word.ends_with(router_mark);
      if (forwards) word.resize(word.size() - router_mark.size());
      const auto address = read_ip(word);
      if (!address || std::ranges::count(list_, *address, &KnownAddress::address) > 0) continue;
      list_.push_back({*address, forwards ? Role::router : Role::host});
    }
    return;
  }
}

bool KnownAddresses::hear(const Claim& claim) {
  const auto found = std::ranges::find(list_, claim.address, &KnownAddress::address);
  const bool known = found != list_.end();
  if (claim.mac != mac_) {
    if (known) list_.erase(found);
    return known;
  }
  if (!known) {
    if (list_.size() == known_addresses_limit) list_.pop_back();
    list_.insert(list_.begin(), {claim.address, claim.role.value_or(Role::host)});
    return true;
  }
  const auto role = claim.role.value_or(found->role);
  const bool changed = role != found->role;
  found->role = role;
  std::rotate(list_.begin(), found, found + 1);
  return changed;
}

std::string KnownAddresses::text() const {
  std::string text = to_text(mac_);
  for (const auto& [address, role] : list_) {
    text += " " + to_text(address);
    if (role == Role::router) text += router_mark;
  }
  return text;
}

}  // namespace upbeat
