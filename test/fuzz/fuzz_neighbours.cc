// SPDX-License-Identifier: Apache-2.0
// Frames of guests and their neighbours, and notes on guests: what is learned names hosts'
// addresses, is bounded, and can be announced and read again. An input is, parted by lines of "%%":
// a note, and frames.
#include <algorithm>

#include "network/claim.h"
#include "network/known_addresses.h"
#include "promise.h"

namespace upbeat {
namespace {

const MacAddress ours{{0x52, 0x54, 0, 0, 0, 1}};

void try_note(const KnownAddresses& known) {
  fuzz::promise(known.list().size() <= known_addresses_limit, "it is bounded");
  fuzz::promise_line(known.text());
  fuzz::promise(KnownAddresses(ours, known.text()).list() == known.list(), "it is read again");
  for (const auto& [address, role] : known.list()) {
    const auto frame = address_announcement(ours, address, role);
    fuzz::promise(frame.size() >= 60 && frame.size() <= claim_bytes, "a frame is short");
  }
}

void try_frames(const std::string& input) {
  const auto parts = fuzz::pieces(input, 4);
  KnownAddresses known(ours, parts[0]);
  try_note(known);
  for (const auto* text : {&parts[1], &parts[2], &parts[3]}) {
    const std::vector<std::uint8_t> frame(text->begin(), text->end());
    const auto claim = read_claim(frame);
    if (!claim) continue;
    const auto again = read_claim(
        address_announcement(claim->mac, claim->address, claim->role.value_or(Role::host)));
    fuzz::promise(again && again->mac == claim->mac && again->address == claim->address,
                  "what is claimed can be announced");
    known.hear(*claim);
    const bool knows = std::ranges::count(known.list(), claim->address, &KnownAddress::address) > 0;
    fuzz::promise(knows == (claim->mac == ours), "an address is its last claimant's");
    try_note(known);
  }
}

}  // namespace
}  // namespace upbeat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  upbeat::try_frames(upbeat::fuzz::text_of(data, size));
  return 0;
}
